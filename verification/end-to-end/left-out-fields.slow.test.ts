/** Fields that a person leaves out of a mirror, and takes in later, while the sync runs. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { newSyncOf } from '@lockstep/harness/api-harness';
import { openRunningSync } from '@lockstep/harness/running-sync';

const { harness, api, cli } = await openRunningSync();

const leaveOut = async (...fields_left_out: string[]) => {
  const { status, body } = await api.ask('PATCH', '/api/v1/syncs/harness', { fields_left_out });
  assert.equal(status, 200, JSON.stringify(body));
};
const write = async (method: string, path: string, body: object) => {
  const { status, json } = await harness.org.request(method, `/services/data/v62.0/sobjects/${path}`, {
    body,
  });
  assert.ok(status < 300, JSON.stringify(json));
  return (json as { id?: string } | undefined)?.id ?? '';
};
const valuesOf = (id: string) =>
  harness.admin.query(sql`SELECT name, description FROM salesforce.account WHERE id = ${id}`);
/** What the activity tells of fields, the oldest first. */
const toldOf = async (sobject: string) => {
  const { body } = await api.ask(
    'GET',
    `/api/v1/syncs/harness/activity?kind=schema&object=${sobject}&limit=500`,
  );
  return (body.items as { says: string }[]).map(({ says }) => says).toReversed();
};
const columnsOf = async (table: string) => {
  const rows = await harness.admin.query<{ name: string }>(sql`
    SELECT column_name AS name FROM information_schema.columns
     WHERE table_schema = 'salesforce' AND table_name = ${table}`);
  return rows.map(({ name }) => name);
};

test('a field left out later keeps its last values, the table goes on, and it is filled when it is taken in again', async () => {
  const id = await write('POST', 'Account', { Name: 'first', Description: 'seen' });
  await harness.until(sql`SELECT count(*) = 1 FROM salesforce.account WHERE name = 'first'`, 'it is read');
  await harness.admin.script(
    'CREATE VIEW public.descriptions AS SELECT id, description FROM salesforce.account',
  );

  await leaveOut('account.desc*');
  await harness.until(
    sql`SELECT count(*) = 1 FROM _lockstep.column WHERE left_out AND field = 'Description' AND NOT ready`,
    'the field is left out',
  );
  await write('PATCH', `Account/${id}`, { Name: 'second', Description: 'not seen' });
  await harness.until(sql`SELECT count(*) = 1 FROM salesforce.account WHERE name = 'second'`, 'it is read');
  assert.deepEqual(await valuesOf(id), [{ name: 'second', description: 'seen' }]);
  const status = await cli.run(['status', '--check']);
  assert.equal(status.code, 0, status.stdout + status.stderr);
  assert.doesNotMatch(status.stdout, /hidden/);

  await leaveOut();
  await harness.until(
    sql`SELECT count(*) = 0 FROM _lockstep.column WHERE left_out OR NOT ready`,
    'the field is filled',
  );
  assert.deepEqual(await valuesOf(id), [{ name: 'second', description: 'not seen' }]);
  assert.deepEqual(await toldOf('Account'), [
    'Account: field left out (Description)',
    'Account: field taken in again (Description)',
  ]);
});

test('a sync that never had a field gets its column while it runs, filled before it counts as complete', async () => {
  const kept = await write('POST', 'Account', { Name: 'kept', Description: 'from before' });
  const { status, body } = await api.ask('POST', '/api/v1/syncs/harness/objects', { objects: ['Lead'] });
  assert.equal(status, 200, JSON.stringify(body));
  await leaveOut('*.Website', 'Opportunity.*');
  const added = await api.ask('POST', '/api/v1/syncs/harness/objects', { objects: ['Opportunity'] });
  assert.equal(added.status, 200, JSON.stringify(added.body));
  const before = await columnsOf('opportunity');
  assert.deepEqual(before.toSorted(), [
    'createddate',
    'id',
    'isdeleted',
    'lastmodifieddate',
    'systemmodstamp',
  ]);
  await harness.until(
    sql`SELECT count(*) = 2 FROM _lockstep.status WHERE sobject IN ('Lead', 'Opportunity') AND state = 'current'`,
    'they are copied',
  );

  const set = await cli.run(['sync', 'set', '--leave-out', 'Opportunity.Amount', '--json']);
  assert.deepEqual(JSON.parse(set.stdout).fields_left_out, ['Opportunity.Amount'], set.stderr);
  await harness.until(
    sql`SELECT count(*) > 30 AND bool_and(ready) FROM _lockstep.column
         WHERE stream_no = (SELECT stream_no FROM _lockstep.checkpoint WHERE sobject = 'Opportunity')`,
    'the other fields are filled',
  );
  const columns = await columnsOf('opportunity');
  assert.ok(columns.includes('stagename') && !columns.includes('amount'), columns.join());
  const [nulls] = await harness.admin.query<{ rows: number; stages: number }>(
    sql`SELECT count(*)::integer AS rows, count(stagename)::integer AS stages FROM salesforce.opportunity`,
  );
  assert.ok((await toldOf('Opportunity')).includes('Opportunity: field added (StageName)'));
  assert.ok(nulls && nulls.rows > 0 && nulls.stages === nulls.rows, JSON.stringify(nulls));
  const verified = await cli.run(['objects', 'verify', '--level', 'content']);
  assert.equal(verified.code, 0, verified.stdout + verified.stderr);
  assert.equal((await valuesOf(kept)).length, 1);
});

test('a pattern that names no field, or one that the sync needs, is refused with the reason', async () => {
  for (const [pattern, reason] of [
    ['Account', /is not OBJECT\.FIELD/],
    ['Account.Id', /cannot be left out/],
  ] as const) {
    const refused = await cli.run(['sync', 'set', '--leave-out', pattern]);
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, reason);
    const body = newSyncOf(harness.org, { name: 'other', fields_left_out: [pattern] });
    const { status, body: problem } = await api.ask('POST', '/api/v1/syncs?dry_run=true', body);
    assert.deepEqual([status, problem.code], [400, 'API-01']);
  }
});
