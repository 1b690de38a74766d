/** Sync requests to a running sync, and what the mirror shows when it says that they are done. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { type ClockHarness, openClockHarness } from '@lockstep/harness/clock-harness';
import type { SyncRequestResult } from '@lockstep/harness/harness-worker';
import { startOrg } from '@lockstep/harness/org';
import { suspectsMax } from 'lockstep/engine/testing';

const org = await startOrg({ records: 300 });
after(() => org[Symbol.asyncDispose]());

const minuteMs = 60_000;

const create = async (harness: ClockHarness, Name: string) =>
  (await harness.write([{ create: 'Account', values: { Name } }]))[0] ?? '';
const nameOf = async (harness: ClockHarness, id: string) => (await harness.row('account', id))?.name;

async function openCopied(...sobjects: readonly string[]): Promise<ClockHarness> {
  const harness = await openClockHarness({ org, sobjects: ['Account', ...sobjects] });
  await harness.finishBackfill();
  return harness;
}

/** Lets time pass until the request is done; then calls `look` before anything else is read. */
async function whenDone<Seen>(
  harness: ClockHarness,
  syncRequest: Promise<SyncRequestResult>,
  look: () => Promise<Seen>,
) {
  const looked = syncRequest.then(async (result) => ({ result, seen: await look() }));
  return harness.untilDone(looked);
}

const nothing = () => Promise.resolve();

test('a flush ends when everything committed before it is in the mirror, including late commits', async () => {
  await using harness = await openCopied('Lead');
  const { id, ids } = await org.control<{ id: string; ids: string[] }>('/transactions/open', {
    writes: [{ create: 'Account', values: { Name: 'Committed late' } }],
  });
  await harness.pass(5 * minuteMs);
  await org.control('/transactions/commit', { id });
  const inTime = await create(harness, 'Committed in time');
  const { result, seen } = await whenDone(harness, harness.holder.syncRequest('flush'), () =>
    Promise.all([nameOf(harness, ids[0] ?? ''), nameOf(harness, inTime)]),
  );
  assert.deepEqual(seen, ['Committed late', 'Committed in time']);
  assert.deepEqual(result, { objects: 2, skipped: [], repairs: [], setAside: [] });
  await harness.settle();
  await harness.expectConvergedAndIdle();
});

test('a page already under way when a flush arrives does not end it', async () => {
  await using harness = await openCopied();
  await harness.pass(5 * minuteMs);
  const page = await harness.inject({
    match: { contains: 'SystemModstamp >', inside: 'only' },
    effect: { hang: 'after' },
  });
  await harness.advance(harness.intervalMs);
  await page.untilFired();
  const id = await create(harness, 'Behind the page');
  const flushed = harness.holder.syncRequest('flush');
  await page.release();
  const { seen } = await whenDone(harness, flushed, () => nameOf(harness, id));
  assert.equal(seen, 'Behind the page');
  await harness.settle();
  await harness.expectConvergedAndIdle();
});

test('a flush reads the deleted log', async () => {
  await using harness = await openCopied();
  const id = await create(harness, 'To be deleted for good');
  await harness.pass(5 * minuteMs);
  await org.control('/records/hardDelete', { ids: [id] });
  await harness.pass(2 * minuteMs); // an answer has come since: the log can be read up to its time
  const { seen } = await whenDone(harness, harness.holder.syncRequest('flush'), () => nameOf(harness, id));
  assert.equal(seen, undefined);
  await harness.settle();
  await harness.expectConvergedAndIdle();
});

test('a flush leaves out a table whose backfill runs, and says so', async () => {
  await org.control('/records/generate', { sobject: 'Contact', count: 2_000, at: '2026-01-01T00:00:00Z' });
  await using harness = await openClockHarness({ org, sobjects: ['Contact', 'Lead'], pageRows: 25 });
  const isCurrent = async (sobject: string) => {
    const [row] = await harness.mirror.query<{ state: string }>(
      sql`SELECT state FROM _lockstep.status WHERE sobject = ${sobject}`,
    );
    return row?.state === 'current';
  };
  while (!(await isCurrent('Lead'))) await harness.pass(harness.intervalMs);
  const [id = ''] = await harness.write([{ create: 'Lead', values: { LastName: 'L', Company: 'Flushed' } }]);
  const { result, seen } = await whenDone(harness, harness.holder.syncRequest('flush'), () =>
    harness.row('lead', id),
  );
  assert.equal(seen?.company, 'Flushed');
  const skipped = [{ object: 'Contact', reason: 'its backfill is not complete' }];
  assert.deepEqual(result, { objects: 1, skipped, repairs: [], setAside: [] });
  assert.equal(await isCurrent('Contact'), false);
});

test('a comparison of counts finds a missing row and ends when it is there again', async () => {
  await using harness = await openCopied('Lead');
  const id = await create(harness, 'Deleted by hand');
  await harness.settle();
  await harness.mirror.query(sql`DELETE FROM salesforce.account WHERE id = ${id}`);
  const { result, seen } = await whenDone(harness, harness.holder.syncRequest('verify counts'), () =>
    nameOf(harness, id),
  );
  assert.equal(seen, 'Deleted by hand');
  assert.deepEqual(result, {
    objects: 2,
    skipped: [],
    repairs: [{ sobject: 'Account', kind: 'missing', rows: 1 }],
    setAside: [],
  });
  await harness.expectConverged();
});

test('a comparison of counts that finds most of a table missing reads all of it, and ends when it is full again', async () => {
  await using harness = await openClockHarness({ org, sobjects: ['Account', 'Lead'], pageRows: 10 });
  for (let day = 0; day <= suspectsMax; day++) {
    await harness.write(
      [{ create: 'Account', values: { Name: 'Of a day' } }],
      new Date(Date.UTC(2025, 0, 1 + day)),
    );
  }
  await harness.finishBackfill();
  await harness.settle();
  const count = () => harness.mirror.query(sql`SELECT count(*) FROM salesforce.account`);
  const before = await count();
  await harness.mirror.query(sql`TRUNCATE salesforce.account`);
  const { seen } = await whenDone(harness, harness.holder.syncRequest('verify counts', ['Account']), count);
  assert.deepEqual(seen, before);
  assert.equal(harness.log.text().includes('"msg":"counts still differ"'), false);
  await harness.expectConverged();
});

test('a comparison of Ids removes a row that Salesforce does not have and ends when it is gone', async () => {
  await using harness = await openCopied();
  const account = await create(harness, 'Real');
  await harness.settle();
  const id = `${account.slice(0, 3)}000000000000AAA`;
  await harness.mirror.query(sql`
    INSERT INTO salesforce.account (id, name, createddate, systemmodstamp)
    SELECT ${id}, 'Made up', createddate, systemmodstamp FROM salesforce.account WHERE id = ${account}`);
  const { result, seen } = await whenDone(
    harness,
    harness.holder.syncRequest('verify ids', ['account']),
    () => nameOf(harness, id),
  );
  assert.equal(seen, undefined);
  assert.deepEqual(result.repairs, [{ sobject: 'Account', kind: 'no longer visible', rows: 1 }]);
});

test('a table that is read again is never empty meanwhile, and correct at the end', async () => {
  await org.control('/records/generate', { sobject: 'Account', count: 500, at: '2026-01-01T00:00:00Z' });
  await using harness = await openClockHarness({ org, sobjects: ['Account', 'Lead'], pageRows: 100 });
  await harness.finishBackfill();
  await harness.settle();
  await harness.mirror.query(sql`DELETE FROM witness.change`);
  await harness.mirror.query(sql`UPDATE salesforce.account SET name = 'Edited by hand' WHERE name LIKE 'A%'`);
  const count = async () => {
    const [row] = await harness.mirror.query<{ rows: number }>(
      sql`SELECT count(*) AS rows FROM salesforce.account`,
    );
    return row?.rows ?? 0;
  };
  const before = await count();
  const seen = new Set<number>();
  const done = new AbortController();
  const reader = (async () => {
    while (!done.signal.aborted) seen.add(await count());
  })();
  const { result } = await whenDone(
    harness,
    harness.holder.syncRequest('verify content', ['Account']),
    nothing,
  ).finally(() => done.abort());
  await reader;
  assert.deepEqual([...seen], [before]);
  assert.deepEqual(
    result.repairs.map(({ sobject, kind }) => [sobject, kind]),
    [['Account', 'edited']],
  );
  await harness.expectConverged();
});

test('records are repaired by Id, whether they are wrong, missing, surplus or unknown', async () => {
  await using harness = await openCopied();
  const [wrong, missing, surplus] = [
    await create(harness, 'Wrong'),
    await create(harness, 'Missing'),
    await create(harness, 'Surplus'),
  ];
  await harness.settle();
  await harness.mirror.query(sql`UPDATE salesforce.account SET name = 'Edited by hand' WHERE id = ${wrong}`);
  await harness.mirror.query(sql`DELETE FROM salesforce.account WHERE id = ${missing}`);
  await org.control('/records/hardDelete', { ids: [surplus] });
  const unknown = `${wrong.slice(0, 3)}000000000000AAA`;
  const ids = [wrong, missing, surplus, unknown];
  const { result, seen } = await whenDone(
    harness,
    harness.holder.syncRequest('refetch', ['Account'], ids),
    () => Promise.all(ids.map((id) => nameOf(harness, id))),
  );
  assert.deepEqual(seen, ['Wrong', 'Missing', undefined, undefined]);
  assert.deepEqual(
    result.repairs.filter(({ kind }) => kind === 'edited' || kind === 'missing'),
    [
      { sobject: 'Account', kind: 'edited', rows: 1 },
      { sobject: 'Account', kind: 'missing', rows: 1 },
    ],
  );
  await harness.settle();
  await harness.expectIdle();
});
