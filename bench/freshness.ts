import { setTimeout as sleep } from 'node:timers/promises';
import { seededRandom } from '@lockstep/foundation/random';
import { ident, sql } from '@lockstep/foundation/sql';
import { type EndToEndHarness, openEndToEndHarness } from '@lockstep/harness/end-to-end-harness';
import { noteCommits, readNotes } from './commit-notes.ts';
import { type Figures, quantile, rounded } from './figures.ts';

const standard = ['Account', 'Contact', 'Lead', 'Opportunity', 'Case'];
const nameFields: Record<string, string> = { Contact: 'LastName', Lead: 'LastName', Case: 'Subject' };
const nameOf = (sobject: string) => nameFields[sobject] ?? 'Name';

const intervalMs = 3_000;
const measureMs = 40_000;
const commitEveryMs = 100;
const longShare = 0.01;
const longMs = [5_000, 15_000] as const;
/** For all commits to arrive, those of long transactions included if the look back of the head covers them. */
const arrivalMs = 15_000;

/**
 * How long a commit by another program takes to reach the mirror, at the default budget, with 1, 5 and 20 objects.
 */
export async function freshness(): Promise<Figures> {
  const figures: Figures = {};
  for (const count of [1, 5, 20]) {
    const { ordinary, late } = await latencies(count);
    figures[`p50_s_${count}`] = { value: rounded(quantile(ordinary, 0.5), 2), unit: 's' };
    figures[`p99_s_${count}`] = { value: rounded(quantile(ordinary, 0.99), 2), unit: 's' };
    figures[`commits_${count}`] = { value: ordinary.length, unit: 'commits' };
    if (late.length > 0)
      figures[`longest_open_s_${count}`] = { value: rounded(Math.max(...late), 2), unit: 's' };
  }
  return figures;
}

/** From the commit in the org to the commit in the mirror, in seconds; `late` are those of long transactions. */
async function latencies(count: number): Promise<{ ordinary: number[]; late: number[] }> {
  const sobjects = [...standard, ...customNames].slice(0, count);
  await using harness = await openEndToEndHarness({
    org: { records: 2_000, apiLimit: 10_000_000 },
    sobjects,
    intervalMs,
    prepare: makeCustomObjects,
  });
  harness.startWorker();
  await harness.untilComplete();
  const inMirror = (name: string) => name.toLowerCase();
  for (const name of sobjects) {
    await noteCommits(harness.org.db, { schema: 'org', table: name, column: nameOf(name) });
    await noteCommits(harness.admin, {
      schema: 'salesforce',
      table: inMirror(name),
      column: inMirror(nameOf(name)),
    });
  }
  const ids = new Map<string, string[]>();
  for (const sobject of sobjects) ids.set(sobject, await idsOf(harness, sobject));
  await writeFor(harness, sobjects, ids);
  await sleep(arrivalMs);
  const committed = await readNotes(harness.org.db);
  const seen = await readNotes(harness.admin);
  const secondsOf = ([token, at]: [string, number]) => {
    const seenAt = seen.get(token);
    return seenAt === undefined ? [] : [(seenAt - at) / 1000];
  };
  const isLong = ([token]: [string, number]) => token.startsWith('long');
  const ordinary = [...committed].filter((commit) => !isLong(commit));
  const arrived = ordinary.flatMap(secondsOf);
  if (arrived.length < ordinary.length) throw new Error('a commit never reached the mirror');
  // A long one whose stamp lies further back than the head looks arrives with the recheck, a quarter of an hour later.
  return { ordinary: arrived, late: [...committed].filter(isLong).flatMap(secondsOf) };
}

const customNames = Array.from({ length: 15 }, (_, number) => `Measured_${number}__c`);

async function makeCustomObjects(org: EndToEndHarness['org']): Promise<void> {
  for (const name of customNames) {
    await org.control('/sobjects/create', { name, label: name, fields: [] });
    await org.control('/records/generate', { sobject: name, count: 500 });
  }
}

async function idsOf({ org }: EndToEndHarness, sobject: string): Promise<string[]> {
  const rows = await org.db.query<{ id: string }>(
    sql`SELECT "Id" AS id FROM ${ident('org', sobject)} LIMIT 500`,
  );
  return rows.map(({ id }) => id);
}

/** Writes at an even pace; now and then a transaction that stays open for some seconds. */
async function writeFor(
  harness: EndToEndHarness,
  sobjects: readonly string[],
  ids: ReadonlyMap<string, string[]>,
): Promise<void> {
  const random = seededRandom(1);
  const open: Promise<unknown>[] = [];
  const end = performance.now() + measureMs;
  for (let number = 0; performance.now() < end; number++) {
    const sobject = random.pick(sobjects);
    const isLong = random.next() < longShare;
    const token = `${isLong ? 'long' : 'change'} ${number}`;
    // In turn: if a record changed twice within one interval, the mirror would never have the first change.
    const own = ids.get(sobject) ?? [];
    const update = own.shift();
    if (update) own.push(update);
    const writes = [{ update, values: { [nameOf(sobject)]: token } }];
    if (isLong) open.push(writeSlowly(harness, writes, random.between(...longMs)));
    else open.push(harness.org.control('/records/write', { writes }).catch(() => undefined));
    await sleep(commitEveryMs);
  }
  await Promise.all(open);
}

async function writeSlowly({ org }: EndToEndHarness, writes: object[], ms: number): Promise<void> {
  try {
    const { id } = await org.control<{ id: string }>('/transactions/open', { writes });
    await sleep(ms);
    await org.control('/transactions/commit', { id });
  } catch {
    // The record was locked; another one is written soon.
  }
}
