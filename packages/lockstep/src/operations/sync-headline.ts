/** The state of a sync as a sentence: is it right, how fresh, what to do. */
import { shellWord } from '@lockstep/foundation/shell-words';
import type { Health, Sync } from '../control/index.ts';
import type { Fault } from '../core/faults.ts';
import { clockTime, counted, duration, formatCount, timeOf } from '../core/plain-words.ts';
import { isReading, type SyncState, syncStates } from '../core/states.ts';
import { secondsLeft, timeLeftWords } from './backfill-rates.ts';
import type { Finding } from './findings.ts';
import { agesOf, type SeenObject } from './object-state.ts';

export interface SyncHeadline {
  headline: string;
  /** Below the headline. */
  lines: string[];
}

export interface SeenSync {
  sync: Pick<Sync, 'name' | 'isRecopying' | 'intervalMs'>;
  state: SyncState;
  fault: Health['fault'];
  /** A worker has it: what is known of faults is up to date. */
  isHeld: boolean;
  unread: Fault | null;
  objects: readonly SeenObject[];
  /** Worst first. */
  findings: readonly Finding[];
  now: number;
}

export function headlineOf(seen: SeenSync): SyncHeadline {
  const { sync, state, fault, isHeld, unread, objects, now } = seen;
  if (fault && isHeld) return faultHeadline(state, fault, seen);
  if (unread && isHeld) return unreadHeadline(unread);
  const beside = unread ? unreadHeadline(unread).lines : [];
  if (!isReading(state) || sync.isRecopying) {
    const { headline, lines } = restingHeadline(seen);
    return { headline: `${headline}${ageSentence(objects, now)}`, lines: [...lines, ...beside] };
  }
  return readingHeadline(seen);
}

function faultHeadline(state: SyncState, fault: NonNullable<Health['fault']>, seen: SeenSync): SyncHeadline {
  const { objects, unread, now } = seen;
  const { word } = syncStates[state];
  if (state === 'locked') {
    const tried = 'Tried again when its settings change, and at every start.';
    return { headline: `${word}: ${fault.code} ${fault.says}`, lines: [`next: ${fault.next}`, tried] };
  }
  const retryIn = duration(Math.max(0, timeOf(fault.retryAt) - now));
  return {
    headline: `${word} since ${clockTime(fault.since, now)}, next try in ${retryIn}${ageSentence(objects, now)}`,
    lines: [
      `${fault.code}: ${fault.says}`,
      `next: ${fault.next}`,
      ...(unread ? unreadHeadline(unread).lines : []),
    ],
  };
}

const unreadHeadline = ({ code, message, next }: Fault): SyncHeadline => ({
  headline: `Its mirror cannot be read from here: ${code}`,
  lines: [`${code}: ${message}`, `next: ${next}`],
});

/** What it takes to go on. */
function restingHeadline({ sync, state }: SeenSync): SyncHeadline {
  const next = (command: string) => [`next: lockstep sync ${command} --sync ${shellWord(sync.name)}`];
  if (state === 'deleting')
    return { headline: 'Being deleted, unless that was interrupted', lines: next('delete') };
  if (sync.isRecopying)
    return {
      headline: 'Starting: its tables are emptied for another org, unless that was interrupted',
      lines: next('recopy'),
    };
  if (state === 'paused') return { headline: 'Paused: the mirror stays as it is', lines: next('resume') };
  const lines = ['next: npm run demo for the demo, lockstep start for anything else'];
  return { headline: 'Not running: no Lockstep process is running this sync', lines };
}

/** Nothing is read now, but everything can still be queried. */
function ageSentence(objects: readonly SeenObject[], now: number): string {
  const ages = agesOf(objects, now);
  if (ages.length === 0) return '';
  return `. The tables show Salesforce as of ${duration(Math.max(...ages))} ago`;
}

function readingHeadline(seen: SeenSync): SyncHeadline {
  const { findings } = seen;
  const [worst] = findings;
  const more = findings.length > 1 ? [`and ${counted(findings.length - 1, 'more finding')} below`] : [];
  return {
    headline: readingSentence(seen, worst),
    lines: worst ? [worst.reason, `next: ${worst.next}`, ...more] : [],
  };
}

function readingSentence(seen: SeenSync, worst: Finding | undefined): string {
  const { sync, state, objects } = seen;
  const also = worst ? `. ${worst.says}` : '';
  if (state === 'starting') return `Starting, one request every ${sync.intervalMs / 1_000} s${also}`;
  if (state === 'backfilling') return `Backfill. ${copySentence(objects)}${also}`;
  if (state === 'live') {
    const isSaid = worst?.severity === 'gaps';
    return `${liveWords(objects, worst)}. ${freshnessSentence(seen)}${isSaid ? '' : also}`;
  }
  return `${syncStates[state].word}: ${worst?.says ?? 'an object is not current'}. ${restSentence(objects)}`;
}

/** `1,204,300 of about 3,410,000 records (35 %), about 9 h 10 min left; Account and User can be used now`. */
function copySentence(objects: readonly SeenObject[]): string {
  const rows = sum(objects.map((one) => one.rows));
  const isCounted = objects.every((one) => one.rows_expected !== null || !isCopying(one));
  const expected = sum(objects.map(expectedOf));
  const copying = objects.filter(isCopying);
  const left = secondsLeft(
    sum(copying.map((one) => one.rows)),
    isCounted ? sum(copying.map(expectedOf)) : null,
    sum(copying.map((one) => one.rowsPerMinute ?? 0)),
  );
  const of = isCounted ? ` of about ${formatCount(expected)}` : '';
  const share = isCounted && expected > 0 ? ` (${Math.floor((100 * rows) / expected)} %)` : '';
  const time = left === null ? '' : `, about ${timeLeftWords(left)} left`;
  const usable = objects.filter((one) => !isCopying(one) && one.seenState !== 'stopped');
  const ready =
    usable.length === 0
      ? ''
      : usable.length <= namesMax
        ? `; ${listed(usable.map((one) => one.sobject))} can be used now`
        : `; ${counted(usable.length, 'object')} can be used now`;
  return `${formatCount(rows)}${of} records${share}${time}${ready}`;
}

const namesMax = 3;
const isCopying = ({ seenState }: SeenObject) => seenState === 'queued' || seenState === 'backfilling';
/** More may have come than there were at first. */
const expectedOf = (one: SeenObject) =>
  isCopying(one) ? Math.max(one.rows, one.rows_expected ?? 0) : one.rows;
const sum = (numbers: readonly number[]) => numbers.reduce((total, one) => total + one, 0);
const listed = (names: readonly string[]): string =>
  names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;

/** Set-aside rows do not change the state for ever; they are said with it. */
function liveWords(objects: readonly SeenObject[], worst: Finding | undefined): string {
  const having = objects.filter((one) => one.set_aside_rows > 0);
  if (worst?.severity !== 'gaps' || having.length === 0) return 'Live';
  const where =
    having.length <= namesMax ? listed(having.map((one) => one.sobject)) : counted(having.length, 'object');
  return `Live, with ${counted(sum(having.map((one) => one.set_aside_rows)), 'record')} set aside in ${where}`;
}

function freshnessSentence({ objects, now }: SeenSync): string {
  const ages = agesOf(objects, now);
  const age =
    ages.length === 0
      ? 'Every object is read'
      : `Every object is at most ${duration(Math.max(...ages))} behind Salesforce`;
  const verified = objects.flatMap((one) => one.counts_verified_at ?? []).map((at) => now - timeOf(at));
  if (verified.length === 0) return `${age}; counts are compared once a day`;
  const ago = `${duration(Math.max(0, ...verified))} ago`;
  const all =
    verified.length === objects.length ? '' : ` for ${verified.length} of ${objects.length} objects`;
  return `${age}; counts matched${all} ${ago}`;
}

function restSentence(objects: readonly SeenObject[]): string {
  const good = objects.filter(({ seenState }) =>
    ['current', 'limited', 'columns'].includes(seenState),
  ).length;
  return `${good} of ${counted(objects.length, 'object')} ${good === 1 ? 'is' : 'are'} current`;
}
