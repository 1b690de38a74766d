/** How far a sync and its objects are, as lines: bars for a terminal, figures for everything else. */
import { duration, formatCount, timeSince } from '../../core/plain-words.ts';
import { isReading, type ObjectState, type SyncState, syncStates } from '../../core/states.ts';

export interface ObjectProgress {
  sobject: string;
  state: ObjectState;
  state_word: string;
  rows: number;
  rows_expected: number | null;
  backfill_percent: number;
  /** Null: it was not read yet. */
  read_until: string | null;
}

export interface SyncProgress {
  state: SyncState;
  /** The code of the fault for which it waits. */
  fault: string | null;
  objects: readonly ObjectProgress[];
}

/** `live`: it runs, and every object is complete; `incomplete`: an object was stopped; else its state. */
export type Phase = SyncState | 'incomplete';

export function phaseOf({ state, objects }: SyncProgress): Phase {
  if (!isReading(state) || state === 'starting') return state; // it may have the rows of a former org
  if (objects.length === 0 || objects.some(isBackfilling)) return 'backfilling';
  return objects.every(isComplete) ? 'live' : 'incomplete';
}

const isBackfilling = ({ state }: ObjectProgress) => state === 'queued' || state === 'backfilling';
const isComplete = (object: ObjectProgress) =>
  object.state !== 'stopped' && !isBackfilling(object) && object.backfill_percent === 100;

export interface Totals {
  rows: number;
  rows_expected: number;
  percent: number;
  /** Over the last minute; null while it is not known. */
  rows_per_minute: number | null;
  seconds_left: number | null;
}

const rateOverMs = 60_000;
/** A rate over less time says little. */
const rateOverMinMs = 5_000;

/** Adds up the objects, and knows how fast the rows have come in the last minute. */
export function openTotals(): (objects: readonly ObjectProgress[], now: number) => Totals {
  let seen: { at: number; rows: number }[] = [];
  return (objects, now) => {
    const rows = sum(objects, (object) => object.rows);
    const rowsExpected = sum(objects, (object) => Math.max(object.rows, object.rows_expected ?? 0));
    // Fewer rows than before: an object has left, or is copied anew.
    seen = (seen.at(-1)?.rows ?? 0) > rows ? [] : seen.filter(({ at }) => now - at <= rateOverMs);
    seen.push({ at: now, rows });
    const [first = { at: now, rows }] = seen;
    const elapsedMs = now - first.at;
    const perMs = elapsedMs < rateOverMinMs ? 0 : (rows - first.rows) / elapsedMs;
    return {
      rows,
      rows_expected: rowsExpected,
      percent: percentOf(rows, rowsExpected),
      rows_per_minute: perMs > 0 ? Math.round(perMs * 60_000) : null,
      seconds_left: perMs > 0 ? Math.ceil((rowsExpected - rows) / perMs / 1_000) : null,
    };
  };
}

const sum = (objects: readonly ObjectProgress[], of: (object: ObjectProgress) => number) =>
  objects.reduce((total, object) => total + of(object), 0);

const percentOf = (rows: number, expected: number) =>
  expected === 0 ? 0 : Math.min(100, Math.floor((100 * rows) / expected));

/** One line for a log: `backfilling 35 % 1204300/3410000 4000 rows/min, about 9 h left`. */
export function totalLine(seen: SyncProgress, { rows, rows_expected: expected, ...totals }: Totals): string {
  const phase = phaseOf(seen);
  if (phase === 'live') return `live ${rows} rows`;
  const pace = phase === 'backfilling' ? paceOf(totals, String) : [];
  return [...phaseWords(phase, seen), `${totals.percent} %`, `${rows}/${expected}`, pace.join(', ')]
    .join(' ')
    .trimEnd();
}

/** The first line of the block on a terminal. */
export function headLine(seen: SyncProgress, { rows, rows_expected: expected, ...totals }: Totals): string {
  const phase = phaseOf(seen);
  if (phase === 'live') return `Live  ${formatCount(rows)} rows`;
  const word = phase === 'incomplete' ? 'Incomplete' : syncStates[phase].word;
  return [
    phaseWords(word, seen).join(' '),
    `${formatCount(rows)} of about ${formatCount(expected)}`,
    `${totals.percent} %`,
    ...(phase === 'backfilling' ? paceOf(totals, formatCount) : []),
  ].join('  ');
}

const phaseWords = (phase: string, { fault }: SyncProgress): string[] => [
  phase,
  ...(fault === null ? [] : [fault]),
];

function paceOf(
  { rows_per_minute: rate, seconds_left: left }: Pick<Totals, 'rows_per_minute' | 'seconds_left'>,
  format: (count: number) => string,
): string[] {
  if (rate === null || left === null) return [];
  return [`${format(rate)} rows/min`, `about ${duration(left * 1_000)} left`];
}

const barWidth = 20;
const barWidthMin = 4;
const nameWidthMin = 6;

/**
 * A line for each object, those that are not complete first; what does not fit is counted. A narrow terminal shrinks
 * the bars first, then drops the expected rows, then cuts names; rows and states stay.
 *
 * @param now  in milliseconds since 1970
 */
export function objectBars(
  objects: readonly ObjectProgress[],
  { columns, lines, now }: { columns: number; lines: number; now: number },
): string[] {
  const sorted = [...objects.filter((one) => !isComplete(one)), ...objects.filter(isComplete)];
  const shown = sorted.length <= lines ? sorted : sorted.slice(0, Math.max(0, lines - 1));
  const nameWidthWanted = Math.max(0, ...shown.map(({ sobject }) => sobject.length));
  const roomBeside = (figures: readonly string[]) =>
    columns - 5 - Math.max(0, ...figures.map(({ length }) => length));
  const allFigures = shown.map((object) => figuresOf(object, { withExpected: true, now }));
  const isNarrow = roomBeside(allFigures) < nameWidthWanted;
  const figures = isNarrow
    ? shown.map((object) => figuresOf(object, { withExpected: false, now }))
    : allFigures;
  const left = roomBeside(figures);
  const nameWidth = Math.max(nameWidthMin, Math.min(nameWidthWanted, left));
  const width = Math.min(barWidth, left - nameWidth - 1);
  const bars = shown.map(({ sobject, backfill_percent: percent }, place) => {
    const bar = '#'.repeat(Math.max(0, Math.floor((percent * width) / 100))).padEnd(width, '.');
    const name = sobject.slice(0, nameWidth).padEnd(nameWidth);
    return `  ${name}  ${width < barWidthMin ? '' : `${bar} `}${figures[place]}`;
  });
  const more = sorted.length - shown.length;
  return more === 0 ? bars : [...bars, `  (${formatCount(more)} more)`];
}

function figuresOf(
  object: ObjectProgress,
  { withExpected, now }: { withExpected: boolean; now: number },
): string {
  const { rows, rows_expected: expected, state, state_word: word, read_until: readUntil } = object;
  const of = withExpected && state === 'backfilling' ? ` of about ${formatCount(expected ?? 0)}` : '';
  const read = withExpected && isComplete(object) ? `, read ${timeSince(readUntil, now)}` : '';
  return `${formatCount(rows).padStart(9)}${of}   ${word}${read}`;
}
