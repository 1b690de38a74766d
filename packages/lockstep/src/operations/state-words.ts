/** The state of a sync and its objects, in words for a user. */

import { shellWord } from '@lockstep/foundation/shell-words';
import type { Health, Sync } from '../control/index.ts';
import { faults } from '../core/fault-catalogue.ts';
import { isCredentialRefused, isFaultCode, isKeyFault } from '../core/faults.ts';
import { clockTime, duration, timeOf } from '../core/plain-words.ts';

const objectStates: Record<string, string> = {
  queued: 'Queued',
  backfilling: 'Backfill',
  current: 'Current',
  stopped: 'Stopped',
  'rows missing': 'Rows missing',
};

export const stateWord = (state: string): string => objectStates[state] ?? state;

export interface SyncHeadline {
  state: 'running' | 'waiting' | 'locked' | 'paused' | 'not running';
  /** Short, for a column. */
  word: string;
  headline: string;
  /** Below the headline. */
  lines: string[];
}

/** Paused and not running come first: no worker holds such a sync, and the fault of a dead process is out of date. */
export function stateOf(
  sync: Pick<Sync, 'name' | 'paused' | 'isDeleting' | 'isRecopying' | 'intervalMs'>,
  { hasWorker, fault }: Health,
  now: number,
): SyncHeadline {
  if (sync.paused) return pausedState(sync);
  if (!hasWorker) {
    const lines = ['next: npm run demo for the demo, lockstep start for anything else'];
    const headline = 'Not running: no Lockstep process is running this sync';
    return { state: 'not running', word: 'Not running', headline, lines };
  }
  if (fault && isKeyFault(fault.code)) {
    const tried = 'Tried again when its settings change, and at every start.';
    const headline = `Locked: ${fault.code} ${fault.says}`;
    return { state: 'locked', word: 'Locked', headline, lines: [`next: ${fault.next}`, tried] };
  }
  if (fault) {
    const retryIn = duration(Math.max(0, timeOf(fault.retryAt) - now));
    const word = waitingWord(fault);
    return {
      state: 'waiting',
      word: `${word}: ${fault.code}`,
      headline: `${word} since ${clockTime(fault.since, now)}, next try in ${retryIn}`,
      lines: [`${fault.code}: ${fault.says}`, `next: ${fault.next}`],
    };
  }
  return { state: 'running', word: 'Running', headline: `Running, ${paceOf(sync)}`, lines: [] };
}

/** What ends by itself is waited for; anything else says that a person must end it. */
function waitingWord(fault: { code: string }): string {
  if (isCredentialRefused(fault)) return 'Sign-in needed';
  if (fault.code === 'ORG-02') return 'Your decision is needed';
  const needsPerson = isFaultCode(fault.code) && faults[fault.code].kind === 'needs-person';
  return needsPerson ? 'Needs attention' : 'Waiting';
}

function pausedState({
  name,
  isDeleting,
  isRecopying,
}: Pick<Sync, 'name' | 'isDeleting' | 'isRecopying'>): SyncHeadline {
  const [word, headline, command] = isDeleting
    ? ['Deleting', 'Being deleted, unless that was interrupted', 'delete']
    : isRecopying
      ? ['Recopying', 'Its tables are emptied for another org, unless that was interrupted', 'recopy']
      : ['Paused', 'Paused: the mirror stays as it is', 'resume'];
  const lines = [`next: lockstep sync ${command} --sync ${shellWord(name)}`];
  return { state: 'paused', word, headline, lines };
}

export const paceOf = ({ intervalMs }: Pick<Sync, 'intervalMs'>): string =>
  `one request every ${intervalMs / 1000} s`;
