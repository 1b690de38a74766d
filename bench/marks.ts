import { sql } from '@lockstep/foundation/sql';
import { type DestinationHarness, openDestinationHarness } from '@lockstep/harness/destination';
import { type Figures, median, rounded } from './figures.ts';

const roundsMax = 200;
const roundsMin = 15;
/** A tick that takes seconds is timed less often. */
const lastsMsMax = 20_000;
/** As many records as the engine fetches at once. */
const nextRows = 2_000;

interface Load {
  figure: string;
  marks: number;
  /** The share of them that waits for the end of a check or for a person. */
  heldShare: number;
}

const loads: readonly Load[] = [
  { figure: 'tick_ms_1k', marks: 1_000, heldShare: 0.1 },
  { figure: 'tick_ms_10k', marks: 10_000, heldShare: 0.1 },
  { figure: 'tick_ms_100k', marks: 100_000, heldShare: 0.1 },
  { figure: 'tick_ms_1m_half_held', marks: 1_000_000, heldShare: 0.5 },
];

/**
 * What the marks of one stream add to a tick: opening its reading, the transaction that closes it, and looking up the
 * next records to read again. Two destinations alternate, one of them without marks, so that only the marks differ.
 */
export async function marks(): Promise<Figures> {
  await using empty = await openDestinationHarness();
  await using marked = await openDestinationHarness();
  // No autovacuum: a tick has to be fast before the server has statistics about the marks.
  await marked.db.query(sql`ALTER TABLE _lockstep.dirty SET (autovacuum_enabled = false)`);
  const figures: Figures = {};
  const alone: number[] = [];
  for (const load of loads) {
    await mark(marked, load);
    const { without, added } = await measure(empty, marked);
    alone.push(without);
    figures[load.figure] = { value: rounded(added, 2), unit: 'ms' };
  }
  return { tick_ms_0: { value: rounded(median(alone), 2), unit: 'ms' }, ...figures };
}

async function measure(empty: DestinationHarness, marked: DestinationHarness) {
  const without: number[] = [];
  const withMarks: number[] = [];
  const end = performance.now() + lastsMsMax;
  for (let round = 0; round < roundsMax && (round < roundsMin || performance.now() < end); round++) {
    without.push(await timed(() => tick(empty)));
    withMarks.push(await timed(() => tick(marked)));
  }
  return { without: median(without), added: median(withMarks) - median(without) };
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

/** The calls that the engine makes to the destination in a tick without pages. */
async function tick(harness: DestinationHarness): Promise<void> {
  const observation = await harness.open();
  const { mirror } = harness.destination;
  await mirror.applyRemainder([], { observation, isLast: true });
  await mirror.nextMarked(harness.table().stream.streamNo, nextRows);
}

const readAgain = ['overlap', 'written', 'related', 'cut off', 'differs', 'accepted', 'deleted log', 'asked'];

/** Replaces the existing marks. The Ids are in no order, and one in a hundred is urgent. */
async function mark(harness: DestinationHarness, { marks, heldShare }: Load): Promise<void> {
  const { db } = harness;
  const { streamNo } = harness.table().stream;
  await db.query(sql`TRUNCATE _lockstep.dirty`);
  await db.query(sql`UPDATE _lockstep.checkpoint SET absent_rows = 0`);
  await db.query(sql`
    INSERT INTO _lockstep.dirty (stream_no, id, since_ticket, first_since_ticket, urgent, reason, stamped_at)
    SELECT ${streamNo}, '001' || lpad((number::bigint * 7919 % 10000000)::text, 12, '0') || 'AAA', number, number,
           number % 100 = 0,
           CASE WHEN number % 100 < ${heldShare * 100} THEN 'absent'
                ELSE (${readAgain}::text[])[number % ${readAgain.length} + 1] END,
           to_timestamp(1767225600 + number)
      FROM generate_series(1, ${marks}) AS number`);
}
