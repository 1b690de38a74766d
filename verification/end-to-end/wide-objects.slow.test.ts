/** Objects with as many fields as Salesforce allows. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { ident, sql } from '@lockstep/foundation/sql';
import { type ClockHarness, dataPath, openClockHarness } from '@lockstep/harness/clock-harness';
import { startOrg } from '@lockstep/harness/org';

const org = await startOrg({ records: 100 });
after(() => org[Symbol.asyncDispose]());

const minuteMs = 60_000;
/** After this time a small table has been swept, and what was absent has been read again. */
const sweepMs = 66 * minuteMs;
const sobject = 'Wide__c';
const fieldCount = 800;
/** With the longest names that an administrator can give: 40 characters and the suffix. */
const fields = Array.from({ length: fieldCount }, (_, nth) => `${`Field_${nth}_`.padEnd(40, 'x')}__c`);
const fieldAt = (nth: number) => fields[nth] ?? '';
await org.control('/sobjects/create', {
  name: sobject,
  label: 'Wide',
  fields: fields.map((name) => ({ name, type: 'string', length: 80 })),
});

/** Every tenth field of a record has a value. */
const valuesOf = (text: string) =>
  Object.fromEntries(fields.filter((_, nth) => nth % 10 === 0).map((name) => [name, text]));

const problems = (harness: ClockHarness) =>
  harness.mirror.query(sql`SELECT sobject, kind, code FROM _lockstep.problems`);

const valueOf = async (harness: ClockHarness, id: string, field: string) =>
  (await harness.row('wide__c', id))?.[field.toLowerCase()];

async function openCopied(): Promise<ClockHarness> {
  const harness = await openClockHarness({ org, sobjects: [sobject, 'Account'] });
  await harness.finishBackfill();
  return harness;
}

test('an object with 800 fields is copied, polled, swept, re-read and written through the proxy', async () => {
  const writes = Array.from({ length: 30 }, (_, nth) => ({
    create: sobject,
    values: valuesOf(`old ${nth}`),
  }));
  await org.control('/records/write', { writes });
  await using harness = await openCopied();
  await harness.expectConverged();
  const [changed = '', deleted = ''] = await harness.write([
    { create: sobject, values: valuesOf('made') },
    { create: sobject, values: valuesOf('to go') },
  ]);
  await harness.pass(3 * harness.intervalMs);
  assert.equal(await valueOf(harness, changed, fieldAt(790)), 'made');

  const patched = await harness.call('PATCH', `${dataPath}/sobjects/${sobject}/${changed}`, {
    [fieldAt(790)]: 'by the proxy',
  });
  assert.deepEqual([patched.status, patched.applied], [204, 'yes']);
  assert.equal(await valueOf(harness, changed, fieldAt(790)), 'by the proxy');

  await harness.mirror.query(
    sql`UPDATE salesforce.wide__c SET ${ident(fieldAt(0).toLowerCase())} = 'by hand' WHERE id = ${changed}`,
  );
  const refetched = harness.holder.syncRequest('verify content');
  assert.deepEqual((await harness.untilDone(refetched)).skipped, []);
  assert.equal(await valueOf(harness, changed, fieldAt(0)), 'made');

  await org.control('/records/hardDelete', { ids: [deleted] });
  await harness.pass(sweepMs);
  assert.equal(await harness.row('wide__c', deleted), undefined);
  assert.deepEqual(await problems(harness), []);
  await harness.settle();
  await harness.expectConvergedAndIdle();
});

test('a record that fills more fields than a row can hold is set aside with the reason, and others go on', async () => {
  await using harness = await openCopied();
  const full = Object.fromEntries(fields.map((name) => [name, 'twenty characters!!!']));
  await harness.inject({
    match: { contains: `FROM ${sobject}`, inside: 'only' },
    times: null,
    effect: { rows: { replace: full } },
  });
  const [id = ''] = await harness.write([{ create: sobject, values: valuesOf('many') }]);
  const [account = ''] = await harness.write([{ create: 'Account', values: { Name: 'Beside' } }]);
  await harness.pass(3 * harness.intervalMs);
  const aside = await harness.mirror.query(
    sql`SELECT sobject, id, code FROM _lockstep.set_aside WHERE id = ${id}`,
  );
  assert.deepEqual(aside, [{ sobject, id, code: '54000' }]);
  assert.ok(await harness.row('account', account));
  await org.control('/faults/delete', {});
  const flushed = harness.holder.syncRequest('refetch', [sobject], [id]);
  await harness.untilDone(flushed);
  await harness.pass(10 * minuteMs);
  assert.equal(await valueOf(harness, id, fieldAt(0)), 'many');
  await harness.settle();
  await harness.expectConvergedAndIdle();
});

/** Salesforce refuses queries of all fields, as for an object with very many formulas. */
async function limitFields(count: number | null): Promise<void> {
  await org.control('/queries/limitFields', { sobject, fields: count });
}

test('an object whose fields Salesforce refuses to select in one query is read in two, by polls, checks and the proxy', async () => {
  await limitFields(500);
  await using harness = await openCopied();
  const [id = ''] = await harness.write([{ create: sobject, values: valuesOf('made') }]);
  await harness.pass(3 * harness.intervalMs);
  assert.deepEqual(
    [await valueOf(harness, id, fieldAt(0)), await valueOf(harness, id, fieldAt(790))],
    ['made', 'made'],
  );
  const [split] = await harness.mirror.query(
    sql`SELECT query_parts FROM _lockstep.checkpoint WHERE sobject = ${sobject}`,
  );
  assert.deepEqual(split, { query_parts: 2 });

  const patched = await harness.call('PATCH', `${dataPath}/sobjects/${sobject}/${id}`, {
    [fieldAt(0)]: 'one',
    [fieldAt(790)]: 'other',
  });
  assert.deepEqual([patched.status, patched.applied], [204, 'yes']);
  assert.deepEqual(
    [await valueOf(harness, id, fieldAt(0)), await valueOf(harness, id, fieldAt(790))],
    ['one', 'other'],
  );
  await org.control('/records/hardDelete', { ids: [id] });
  const verified = harness.holder.syncRequest('verify content');
  assert.deepEqual((await harness.untilDone(verified)).skipped, []);
  await harness.pass(10 * minuteMs);
  assert.equal(await harness.row('wide__c', id), undefined);
  assert.deepEqual(await problems(harness), []);
  await harness.settle();
  await limitFields(null);
  await harness.expectConvergedAndIdle();
});

test('a record that changes between the two queries is not joined from two moments, but read again', async () => {
  await limitFields(500);
  await using harness = await openCopied();
  const [id = ''] = await harness.write([{ create: sobject, values: valuesOf('before') }]);
  await harness.pass(3 * harness.intervalMs);
  const fault = await harness.inject({
    match: { contains: fieldAt(790), inside: 'only' },
    times: null,
    effect: {
      rows: {
        replace: { SystemModstamp: '2020-01-01T00:00:00.000+0000', [fieldAt(790)]: 'of another moment' },
      },
    },
  });
  await harness.write([{ update: id, values: valuesOf('after') }]);
  await harness.pass(3 * harness.intervalMs);
  assert.deepEqual(
    [await valueOf(harness, id, fieldAt(0)), await valueOf(harness, id, fieldAt(790))],
    ['before', 'before'],
  );
  const marked = await harness.mirror.query(sql`SELECT reason FROM _lockstep.dirty WHERE id = ${id}`);
  assert.deepEqual(marked, [{ reason: 'torn' }]);

  await fault.end();
  await harness.pass(10 * minuteMs);
  assert.deepEqual(
    [await valueOf(harness, id, fieldAt(0)), await valueOf(harness, id, fieldAt(790))],
    ['after', 'after'],
  );
  await harness.settle();
  await limitFields(null);
  await harness.expectConvergedAndIdle();
});
