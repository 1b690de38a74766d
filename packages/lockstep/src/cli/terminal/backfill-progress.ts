/** Shows the backfill of a sync until it is complete: bars on a terminal, a line per change elsewhere. */
import { systemClock } from '@lockstep/foundation/clock';
import type { Tx } from '@lockstep/foundation/database';
import { formatCount } from '../../core/plain-words.ts';
import { RequestError } from '../../core/request-error.ts';
import { stateWord } from '../../operations/state-words.ts';
import { readStatusRows, type StatusRow } from '../../postgres/index.ts';
import { type Output } from './output.ts';

export interface BackfillResult {
  /** In milliseconds since 1970, as this process saw it; null before the first row. */
  firstRowAt: number | null;
  rows: number;
}

const lookEveryMs = 200;
/** Shorter until the first row, whose time is reported. */
const lookForFirstRowEveryMs = 50;
const lineEveryMs = 60_000;
const barWidth = 20;
const barWidthMin = 4;
const nameWidthMin = 6;

/**
 * Resolves when the backfill of every object is complete.
 * @throws {@link RequestError} if an object was stopped; the signal's reason after an abort
 */
export async function watchBackfill(
  mirror: Tx,
  name: string,
  output: Output,
  stop: AbortSignal,
): Promise<BackfillResult> {
  let firstRowAt: number | null = null;
  let saidAt = systemClock.now();
  /** The states seen last. On the first look only objects that are backfilling are reported. */
  let before: ReadonlyMap<string, string> | undefined;
  for (;;) {
    const streams = await readStatusRows(mirror);
    const now = systemClock.now();
    const rows = sum(streams, ({ rows }) => rows);
    if (rows > 0) firstRowAt ??= now;
    const isComplete = streams.length > 0 && streams.every(({ state }) => state === 'current');
    const changes = streams.filter(({ sobject, state }) =>
      before ? state !== before.get(sobject) : state === 'backfilling',
    );
    if (!output.isTerminal && (changes.length > 0 || now - saidAt >= lineEveryMs)) {
      for (const { sobject, state } of changes) {
        output.say(`${inUtc(now)} ${name} ${sobject} ${before?.get(sobject) ?? 'queued'} -> ${state}`);
      }
      output.say(`${inUtc(now)} ${name} ${totalOf(streams)}`);
      saidAt = now;
    }
    before = new Map(streams.map(({ sobject, state }) => [sobject, state]));
    output.show(isComplete ? [] : bars(streams, output.columns));
    if (isComplete) return { firstRowAt, rows };
    const stopped = streams.find(({ state }) => state === 'stopped');
    if (stopped) {
      throw new RequestError(`${stopped.sobject} was stopped`, {
        kind: 'unexpected',
        next: 'See the newest file in the folder logs of the data directory.',
      });
    }
    await systemClock.sleep(firstRowAt === null ? lookForFirstRowEveryMs : lookEveryMs, stop);
  }
}

const sum = (streams: readonly StatusRow[], of: (stream: StatusRow) => number) =>
  streams.reduce((total, stream) => total + of(stream), 0);

const inUtc = (now: number) => `${new Date(now).toISOString().slice(0, 19)}Z`;

function totalOf(streams: readonly StatusRow[]): string {
  const expected = sum(streams, ({ rows, rows_expected }) => rows_expected ?? rows);
  const rows = sum(streams, ({ rows }) => rows);
  return `${percent(rows, expected)} % ${rows}/${expected}`;
}

const percent = (rows: number, expected: number) =>
  expected === 0 ? 0 : Math.min(100, Math.floor((100 * rows) / expected));

/** A narrow terminal shrinks the bars first, then drops the expected rows, then cuts names; rows and states stay. */
function bars(streams: readonly StatusRow[], columns: number): string[] {
  const rows = sum(streams, (stream) => stream.rows);
  const expected = sum(streams, (stream) => stream.rows_expected ?? stream.rows);
  const nameWidthWanted = Math.max(0, ...streams.map(({ sobject }) => sobject.length));
  const roomBeside = (figures: readonly string[]) =>
    columns - 5 - Math.max(0, ...figures.map(({ length }) => length));
  const allFigures = streams.map((stream) => figuresOf(stream, true));
  const isNarrow = roomBeside(allFigures) < nameWidthWanted;
  const figures = isNarrow ? streams.map((stream) => figuresOf(stream, false)) : allFigures;
  const left = roomBeside(figures);
  const nameWidth = Math.max(nameWidthMin, Math.min(nameWidthWanted, left));
  const width = Math.min(barWidth, left - nameWidth - 1);
  const lines = streams.map(({ sobject, backfill_percent: percent }, place) => {
    const bar = '#'.repeat(Math.max(0, Math.floor((percent * width) / 100))).padEnd(width, '.');
    const name = sobject.slice(0, nameWidth).padEnd(nameWidth);
    return `  ${name}  ${width < barWidthMin ? '' : `${bar} `}${figures[place]}`;
  });
  return [
    `Backfill  ${formatCount(rows)} of about ${formatCount(expected)}  ${percent(rows, expected)} %`,
    ...lines,
  ];
}

function figuresOf({ rows, rows_expected: expected, state }: StatusRow, withExpected: boolean): string {
  const of = withExpected && state === 'backfilling' ? ` of about ${formatCount(expected ?? 0)}` : '';
  return `${formatCount(rows).padStart(9)}${of}   ${stateWord(state)}`;
}
