/**
 * One run: clients write through the proxy while the backfill, polls, outsiders and disturbances go on; readers read
 * the rows over and over; the checker gets every event.
 */
import { seededRandom } from '@lockstep/foundation/random';
import { ident, sql } from '@lockstep/foundation/sql';
import { Checker } from './checker.ts';
import { Client } from './client.ts';
import { CommitReader } from './commit-reader.ts';
import { readCompared } from './compared-fields.ts';
import { Coordinator } from './coordinator.ts';
import { Examiner } from './examiner.ts';
import type { Violation } from './history.ts';
import { openAgent } from './http-exchange.ts';
import { lastViolations } from './last-comparison.ts';
import { Nemesis } from './nemesis.ts';
import { Outsider } from './outsider.ts';
import { openProcessHarness, type ProcessHarness } from './process-harness.ts';
import { Readers } from './readers.ts';
import { Records } from './records.ts';
import { runRereads } from './rereads.ts';
import { shapes } from './shapes.ts';
import { StaleReadings } from './stale-readings.ts';

export interface RunOptions {
  writes: number;
  clients: number;
  seed: number;
  hasKills: boolean;
  /** Number of records in the org before the run. */
  records: number;
  /** A folder for Lockstep's log files. */
  logs?: string | undefined;
  /** Aborts the run: it is cleaned up, and nothing more is checked. */
  stop?: AbortSignal;
  /** For the test of this test: breaks the mirror before the first write. */
  sabotage?: (harness: ProcessHarness) => Promise<void>;
  /** Called with the progress every few seconds, and at the end. */
  onProgress?: (progress: Progress) => void;
}

export interface Run {
  /** Writes answered or given up. */
  writes: number;
  violations: readonly Violation[];
  pending: number;
  unknown: number;
  kills: number;
  /** Longest time from an answer until SQL showed a write that was not visible at once. */
  slowestMs: number;
}

export interface Progress extends Run {
  seconds: number;
  /** Events that the checker has not yet seen, and records that it remembers. */
  waiting: number;
  remembered: number;
}

/** How long after the last disturbance everything must be visible; long enough for any backing off. */
const soonMs = 15_000;
/** How much longer the end of a run waits for it. */
const marginMs = 30_000;
const contestedEach = 4;
const watchers = 3;
const outsiders = 2;
const progressEveryMs = 5_000;
const calmEveryMs = 200;

export async function run(options: RunOptions): Promise<Run> {
  await using course = await openCourse(options);
  const { coordinator, check, examiner, nemesis, now } = course;
  await options.sabotage?.(course.harness);
  using _progress = every(progressEveryMs, () => options.onProgress?.(progressOf(course)));
  using _calm = every(calmEveryMs, () => {
    if (nemesis.calmSince !== null) examiner.tell({ kind: 'calm', at: now(), since: nemesis.calmSince });
  });
  const examining = begin((signal) => examiner.run(signal));
  const watching = begin((signal) => watch(course, signal));
  const disturbing = begin((signal) => disturb(course, options.seed, signal));

  const agent = openAgent(options.clients);
  const clients = Array.from(
    { length: options.clients },
    (_, place) => new Client(coordinator, agent, place + 1),
  );
  const { stop } = options;
  stop?.addEventListener('abort', () => coordinator.close(), { once: true });
  if (stop?.aborted) coordinator.close();
  await Promise.all(clients.map((client) => client.run()));
  agent.destroy();
  if (stop?.aborted) {
    await Promise.allSettled([disturbing.end(), watching.end(), examining.end()]);
    return progressOf(course);
  }
  await disturbing.end();
  await settle(course);
  await watching.end();
  await examining.end();
  for (const { promised, record, what } of await lastViolations(course.harness)) {
    check.break(promised, record, what);
  }
  options.onProgress?.(progressOf(course));
  return progressOf(course);
}

interface Course extends AsyncDisposable {
  harness: ProcessHarness;
  now: () => number;
  records: Records;
  check: Checker;
  examiner: Examiner;
  readers: Readers;
  stale: StaleReadings;
  coordinator: Coordinator;
  nemesis: Nemesis;
}

/** Everything that a run needs; Lockstep has begun its backfill. */
async function openCourse({ writes, seed, hasKills, records: inOrg, logs }: RunOptions): Promise<Course> {
  await using undo = new AsyncDisposableStack();
  const began = performance.now();
  const now = () => performance.now() - began;
  const random = seededRandom(seed);
  const sobjects = shapes.map(({ sobject }) => sobject);
  const onRepeat = (write: number) =>
    check.break('a write is sent once', null, `write ${write} was sent again`);
  const harness = undo.use(await openProcessHarness({ records: inOrg, sobjects, onRepeat, logs }));
  const { org, server, wire, sync, reader, admin } = harness;
  const compared = await readCompared(org.db, admin, sync.destination.tableSchema);
  const records = new Records(now);
  const commits = new CommitReader(org.db, compared);
  const fieldsOf = (record: string) => compared.get(commits.sobjectOf(record) ?? '')?.fields ?? [];
  const check = new Checker({ soonMs, fieldsOf });
  const examiner = new Examiner(check, commits, records, now);
  const readers = new Readers(reader, compared, now, (seen) => examiner.tell(seen));
  examiner.onOver = (record) => readers.forget(record);
  for (const sobject of sobjects) {
    const rows = await commits.find(sobject, await someIds(harness, sobject, seed));
    for (const [record, row] of rows) {
      records.add(sobject, record, { isContested: true });
      check.take({ kind: 'found', at: now(), record, row });
    }
  }
  // Stamps of one record may go back by two seconds.
  if (random.next() < 0.5) await org.control('/stamps/jitter', { seconds: 2, share: 0.05, seed });
  const stale = new StaleReadings(org);
  const tell = (text: string) => examiner.tell({ kind: 'nemesis', at: now(), text });
  const nemesis = new Nemesis({ world: harness, server, random, now, tell, hasKills, soonMs });
  const coordinator = new Coordinator({
    seed,
    writes,
    now,
    org,
    records,
    readers,
    stale,
    wire,
    check,
    examiner,
    base: () => server.url && `${server.url}/${sync.id}`,
    isCalm: () => nemesis.calmSince !== null,
  });
  await server.start();
  void server.ended.then((last) => {
    coordinator.close();
    check.break('Lockstep runs on', null, last);
  });
  const ends = undo.move();
  return {
    harness,
    now,
    records,
    check,
    examiner,
    readers,
    stale,
    coordinator,
    nemesis,
    [Symbol.asyncDispose]: () => ends.disposeAsync(),
  };
}

/** Some records for everybody to write, from all over the table, so that the backfill reaches them at various times. */
async function someIds({ org }: ProcessHarness, sobject: string, seed: number): Promise<string[]> {
  const found = await org.db.query<{ id: string }>(sql`
    SELECT "Id" AS id FROM ${ident('org', sobject)} WHERE NOT "IsDeleted"
     ORDER BY md5("Id" || ${String(seed)}) LIMIT ${contestedEach}`);
  return found.map(({ id }) => id);
}

const watch = ({ records, check, readers }: Course, signal: AbortSignal): Promise<unknown> =>
  Promise.all(
    Array.from({ length: watchers }, (_, place) =>
      readers.watch(`watcher ${place + 1}`, () => records.watched(check.awaited), signal),
    ),
  );

const disturb = ({ nemesis, stale, harness, records }: Course, seed: number, signal: AbortSignal) =>
  Promise.all([
    nemesis.run(signal),
    stale.run(signal),
    runRereads(harness, seededRandom(seed * 1_000 + 900), signal),
    ...Array.from({ length: outsiders }, (_, place) =>
      new Outsider(harness.org, records, seededRandom(seed * 1_000 + 500 + place), place).run(signal),
    ),
  ]);

/** Waits until everything awaited is visible, or long overdue. Does not wait if a promise is broken already. */
async function settle({ check, examiner, now }: Course): Promise<void> {
  const latest = now() + soonMs + marginMs;
  await examiner.catchUp();
  const isBroken = () => check.violations.length > 0;
  while (check.awaited.size > 0 && !isBroken() && now() < latest) await examiner.catchUp();
  if (isBroken()) return;
  for (const record of check.awaited) {
    check.break('what is not visible at once is visible soon', record, 'no reader had seen it at the end');
  }
}

function begin(work: (signal: AbortSignal) => Promise<unknown>): { end(): Promise<unknown> } {
  const stop = new AbortController();
  const done = work(stop.signal);
  done.catch(() => undefined); // `end` rethrows it
  return {
    end() {
      stop.abort();
      return done;
    },
  };
}

function every(ms: number, work: () => void): Disposable {
  const timer = setInterval(work, ms);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

function progressOf({ coordinator, check, examiner, nemesis, now }: Course): Progress {
  const { written: writes, pending, unknown } = coordinator;
  return {
    seconds: Math.round(now() / 1000),
    writes,
    violations: check.violations,
    pending,
    unknown,
    kills: nemesis.kills,
    slowestMs: Math.round(check.slowestMs),
    waiting: examiner.waiting,
    remembered: check.size,
  };
}
