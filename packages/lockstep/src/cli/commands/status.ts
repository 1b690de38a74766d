/** `status`: whether each sync runs, what it waits for, and the state of each of its objects. */
import { type Control, type Health, listSyncs, readHealth, type Sync } from '../../control/index.ts';
import { exitCodes, usageError } from '../../core/command-error.ts';
import { Fault } from '../../core/faults.ts';
import { ageOf, count, counted, timeOf } from '../../core/plain-words.ts';
import {
  type Finding,
  findingLines,
  findingsOf,
  headlineOf,
  headWordOf,
  isHealthy,
  objectWord,
  readWithinMs,
} from '../../operations/findings.ts';
import { type ObjectStatus, readNow, readObjects } from '../../operations/read-objects.ts';
import { paceOf, type SyncState, stateOf, stateWord } from '../../operations/state-words.ts';
import { databaseFault } from '../../postgres/index.ts';
import type { Arguments, Command } from '../arguments.ts';
import { chooseSync, withControl, withViews } from '../running.ts';
import { parseDuration } from '../terminal/duration.ts';
import { type Output, table } from '../terminal/output.ts';
import { objectJson } from './object-json.ts';

/** One sync, as seen at one instant of the database's clock. */
export interface Seen extends SyncState {
  sync: Sync;
  health: Health;
  objects: readonly ObjectStatus[];
  now: number;
  /** Why its objects could not be read; null if they were. */
  unread: Fault | null;
  /** Worst first. */
  findings: readonly Finding[];
}

export const status: Command = {
  name: 'status',
  summary: 'Whether a sync runs, and the state of each of its objects.',
  words: { shown: '[SYNC]', min: 0, max: 1 },
  flags: {
    check: {
      says: 'End with code 3 and the reasons unless every sync runs and every object is complete, up to date and without gaps.',
    },
    'max-age': {
      value: 'TIME',
      says: 'With --check: also fail if an object was last read longer ago than this, such as 60s.',
    },
  },
  async run(args, { config, output }) {
    const maxAgeMs = maxAgeOf(args);
    return withControl(config, async (control) => {
      const seen = await seeSyncs(control, await chosenSyncs(control, args.words[0]));
      if (output.wantsJson) {
        output.object({ schema: 1, items: seen.map((one) => asJson(one, output)) });
      } else {
        for (const one of seen) output.data(output.pasteable(asText(one)));
      }
      if (!args.isSet('check')) return 0;
      const reasons = seen.flatMap((one) => whyNotWell(one, maxAgeMs));
      for (const reason of reasons) output.say(`not healthy: ${reason}`);
      for (const { sync, findings } of seen) {
        for (const { severity, says, reason } of findings.filter(isHealthy))
          output.say(`${severity}: ${sync.name}: ${says}. ${reason}`);
      }
      return reasons.length > 0 ? exitCodes.notHealthy : 0;
    });
  },
};

function maxAgeOf(args: Arguments): number {
  const text = args.text('max-age');
  if (text === undefined) return Infinity;
  const help = 'lockstep help status';
  if (!args.isSet('check')) throw usageError('--max-age belongs to --check', help);
  const ms = parseDuration(text);
  if (ms === undefined) throw usageError('--max-age takes a time such as 60s, 5m or 1h', help);
  return ms;
}

/** @throws {@link CommandError} if there is no sync at all */
async function chosenSyncs(control: Control, named: string | undefined): Promise<readonly Sync[]> {
  const syncs = named === undefined ? await listSyncs(control) : [];
  return syncs.length > 0 ? syncs : [await chooseSync(control, named)];
}

export async function seeSyncs(control: Control, syncs: readonly Sync[]): Promise<Seen[]> {
  const healthOf = await readHealth(control);
  const seen: Seen[] = [];
  for (const sync of syncs) {
    const health = healthOf.get(sync.id) ?? { isHeld: false, fault: null };
    seen.push(told(sync, health, await readMirror(control, sync)));
  }
  return seen;
}

type MirrorView = Pick<Seen, 'objects' | 'now' | 'unread'>;

/** If one mirror cannot be read, `status` still shows the rest of its sync and all other syncs. */
async function readMirror(control: Control, sync: Sync): Promise<MirrorView> {
  try {
    return { ...(await withViews(control, sync, readObjects)), unread: null };
  } catch (error) {
    const unread = error instanceof Fault ? error : databaseFault(error, control.host);
    if (!unread) throw error;
    return { objects: [], now: await readNow(control.db), unread };
  }
}

/** The headline is the worst finding. */
export function told(sync: Sync, health: Health, mirror: MirrorView): Seen {
  const { objects, now, unread } = mirror;
  const state = stateOf(sync, health, now);
  const isRunning = state.state === 'running';
  const findings = findingsOf(sync, objects, now, isRunning ? readWithinMs(sync, objects.length) : null);
  const [worst] = findings;
  const seen = { sync, health, findings, ...mirror };
  if (isRunning && unread) return { ...seen, ...unreadHead(unread), state: 'running', word: 'Unreadable' };
  if (isRunning && worst) {
    const more = findings.length > 1 ? [`and ${counted(findings.length - 1, 'more finding')} below`] : [];
    const lines = [worst.reason, `next: ${worst.next}`, ...more];
    return { ...seen, state: 'running', word: headWordOf(worst), headline: headlineOf(worst), lines };
  }
  const complete = objects.filter(({ state }) => !isBackfilling(state)).length;
  if (isRunning && complete < objects.length) {
    const headline = `Backfill: ${complete} of ${counted(objects.length, 'object')} complete, ${paceOf(sync)}`;
    return { ...seen, state: 'running', word: 'Backfill', headline, lines: [] };
  }
  const lines =
    unread && state.state !== 'locked' ? [...state.lines, ...unreadHead(unread).lines] : state.lines;
  return { ...seen, ...state, lines };
}

const unreadHead = ({ code, message, next }: Fault) => ({
  headline: `Its mirror cannot be read from here: ${code}`,
  lines: [`${code}: ${message}`, `next: ${next}`],
});

const isBackfilling = (state: string) => state === 'queued' || state === 'backfilling';

function asJson({ sync, health, state, headline, unread, objects }: Seen, output: Output) {
  const { id, name, orgId, intervalMs, paused } = sync;
  const { isHeld: held, fault } = health;
  return {
    id,
    name,
    org_id: orgId,
    interval_ms: intervalMs,
    paused,
    held,
    state,
    headline,
    fault: fault && {
      code: fault.code,
      says: fault.says,
      next: output.pasteable(fault.next),
      since: fault.since,
      retry_at: fault.retryAt,
    },
    mirror_fault: unread && {
      code: unread.code,
      says: unread.message,
      next: output.pasteable(unread.next),
    },
    objects: objects.map((object) => objectJson(object, output)),
  };
}

export function whyNotWell(seen: Seen, maxAgeMs: number): string[] {
  const { sync, state, headline, unread, objects, findings, now } = seen;
  const { name } = sync;
  const reasons = state !== 'running' || unread ? [`${name}: ${headline}`] : [];
  const ill = findings.filter((finding) => !isHealthy(finding));
  for (const { says, reason } of ill) reasons.push(`${name}: ${says}. ${reason}`);
  for (const { sobject, state, read_until: readUntil } of objects) {
    if (ill.some((finding) => finding.sobject === sobject)) continue;
    if (state !== 'current') {
      reasons.push(`${name}: ${sobject}: ${stateWord(state)}`);
    } else if (maxAgeMs < Infinity && (readUntil === null || now - timeOf(readUntil) > maxAgeMs)) {
      reasons.push(`${name}: ${sobject}: read ${ageOf(readUntil, now)}`);
    }
  }
  return reasons;
}

export function asText(seen: Seen): string {
  const { sync, headline, lines, objects, findings, unread, now } = seen;
  const isCopying = objects.some(({ state }) => isBackfilling(state));
  const rows = objects.map((object) => [
    object.sobject,
    objectWord(object, findings),
    count(object.rows),
    ...(isCopying ? [object.rows_expected === null ? '–' : count(object.rows_expected)] : []),
    ...(isCopying ? [String(object.backfill_percent)] : []),
    ageOf(object.read_until, now),
    ageOf(object.settled_until, now),
  ]);
  const headers = ['OBJECT', 'STATE', 'ROWS', ...(isCopying ? ['EXPECTED', '%'] : []), 'READ', 'SETTLED'];
  const indent = ' '.repeat(sync.name.length + 2);
  const head = [
    `${sync.name}  ${headline}`,
    ...[...lines, `org ${sync.orgId}, id ${sync.id}`].map((line) => `${indent}${line}`),
    '',
  ];
  if (unread) return [...head, 'The state of its objects is not known.', ''].join('\n');
  const inHead = seen.state === 'running' ? 1 : 0;
  return [
    ...head,
    table(headers, rows, new Set(headers.map((_, column) => column).slice(2))),
    '',
    ...findings.slice(inHead).flatMap((finding) => [...findingLines(finding), '']),
    'READ: changes were read up to then. SETTLED: no change from before then can still arrive.',
    '',
  ].join('\n');
}
