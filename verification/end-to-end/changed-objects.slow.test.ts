/** Objects that are added to a sync and removed from it while it runs, by the API. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { type ApiHarness, openApiOn } from '@lockstep/harness/api-harness';
import { dataPath, type EndToEndHarness, openEndToEndHarness } from '@lockstep/harness/end-to-end-harness';

const undo = new AsyncDisposableStack();
let harness: EndToEndHarness;
let api: ApiHarness;

before(async () => {
  harness = undo.use(
    await openEndToEndHarness({ org: { records: 300 }, sobjects: ['Account', 'Contact'], intervalMs: 250 }),
  );
  api = undo.use(await openApiOn(harness.control, [new URL(harness.org.url).host]));
  harness.startWorker();
  await harness.untilComplete();
});
after(() => undo.disposeAsync());

const path = (rest: string) => `/api/v1/syncs/harness${rest}`;
const objectsOf = async () =>
  ((await api.ask('GET', path('/objects'))).body.items as { sobject: string; state: string }[]).map(
    ({ sobject, state }) => `${sobject} ${state}`,
  );
const isCurrent = (sobject: string) =>
  harness.until(
    sql`SELECT bool_or(state = 'current') FROM _lockstep.status WHERE sobject = ${sobject}`,
    `${sobject} is current`,
  );
const hasLeft = (sobject: string) =>
  harness.until(
    sql`SELECT count(*) = 0 FROM _lockstep.checkpoint WHERE sobject = ${sobject}`,
    `${sobject} has left`,
  );
const hasTable = async (table: string) =>
  (
    await harness.admin.query(
      sql`SELECT FROM pg_tables WHERE schemaname = 'salesforce' AND tablename = ${table}`,
    )
  ).length === 1;

test('an object is added while the others are read, copied, and written through the proxy', async () => {
  const dry = await api.ask('POST', path('/objects?dry_run=true'), { objects: ['lead'] });
  assert.deepEqual([dry.status, await hasTable('lead')], [200, false], JSON.stringify(dry.body));
  const { status, body } = await api.ask('POST', path('/objects'), { objects: ['lead', 'ACCOUNT'] });
  assert.equal(status, 200, JSON.stringify(body));
  assert.deepEqual(
    (body.objects as { sobject: string }[]).map(({ sobject }) => sobject),
    ['Lead'],
  );
  await isCurrent('Lead');
  const [rows] = await harness.reader.query<{ count: string }>(sql`SELECT count(*) FROM salesforce.lead`);
  assert.equal(Number(rows?.count), await harness.countInOrg('Lead'));

  const written = await harness.call('POST', `${dataPath}/sobjects/Lead`, {
    LastName: 'Added',
    Company: 'Acme',
  });
  assert.equal(written.headers.get('lockstep-applied'), 'yes', written.text);
  const { id } = JSON.parse(written.text) as { id: string };
  assert.equal((await harness.reader.query(sql`SELECT FROM salesforce.lead WHERE id = ${id}`)).length, 1);
});

test('an object that the org does not have, or that cannot be read, is refused and nothing is made', async () => {
  for (const [objects, code] of [
    [['Leed'], 'SCH-09'],
    [['Name'], 'SCH-06'],
  ] as const) {
    const { body } = await api.ask('POST', path('/objects'), { objects });
    assert.equal(body.code, code);
  }
  assert.deepEqual((await objectsOf()).length, 3);
});

test('an object that is removed leaves its table as it is, and comes back when it is added again', async () => {
  const removed = await api.ask('DELETE', path('/objects/lead'));
  assert.equal(removed.status, 202, JSON.stringify(removed.body));
  assert.deepEqual(removed.body.objects, ['Account', 'Contact']);
  await hasLeft('Lead');
  assert.deepEqual(await objectsOf(), ['Account current', 'Contact current']);
  assert.equal(await hasTable('lead'), true);
  const proxied = await harness.call('POST', `${dataPath}/sobjects/Lead`, { LastName: 'A', Company: 'B' });
  assert.equal(proxied.headers.get('lockstep-applied'), 'no', 'it is not mirrored any more');
  const { id: deletedId } = JSON.parse(proxied.text) as { id: string };

  assert.equal((await api.ask('POST', path('/objects'), { objects: ['Lead'] })).status, 200);
  await isCurrent('Lead');
  const status = await harness.reader.query<{ rows: string }>(
    sql`SELECT rows FROM _lockstep.status WHERE sobject = 'Lead'`,
  );
  const [counted] = await harness.reader.query<{ count: string }>(sql`SELECT count(*) FROM salesforce.lead`);
  assert.deepEqual(Number(status[0]?.rows), Number(counted?.count));
  assert.equal(
    (await harness.reader.query(sql`SELECT FROM salesforce.lead WHERE id = ${deletedId}`)).length,
    1,
  );
});

test('a table that was kept gets the columns of fields that were made since, and their values', async () => {
  await api.ask('DELETE', path('/objects/Lead'));
  await hasLeft('Lead');
  const field = { name: 'Later__c', type: 'string', length: 20 };
  await harness.org.control('/fields/create', { sobject: 'Lead', field });
  const values = { LastName: 'C', Company: 'D', Later__c: 'new' };
  await harness.call('POST', `${dataPath}/sobjects/Lead`, values);
  const reader = await harness.admin.session();
  await reader.query(sql`BEGIN`);
  await reader.query(sql`SELECT FROM salesforce.lead LIMIT 1`);
  const used = await api.ask('POST', path('/objects'), { objects: ['Lead'] });
  assert.deepEqual([used.status, /A query uses/.test(String(used.body.detail))], [409, true]);
  await reader.close();
  assert.equal((await api.ask('POST', path('/objects'), { objects: ['Lead'] })).status, 200);
  await isCurrent('Lead');
  const rows = await harness.reader.query(
    sql`SELECT later__c FROM salesforce.lead WHERE later__c IS NOT NULL`,
  );
  assert.deepEqual(rows, [{ later__c: 'new' }]);
});

test('a removed object’s table is dropped if that is wanted, and never one that a view of somebody’s needs', async () => {
  const wouldDrop = async () => {
    const { status, body } = await api.ask('DELETE', path('/objects/lead?drop_table=true&dry_run=true'));
    assert.equal(status, 200, JSON.stringify(body));
    return [body.object, body.drops_table, body.dependents];
  };
  assert.deepEqual(await wouldDrop(), ['Lead', true, []]);
  await harness.admin.script(`
    CREATE VIEW public.leads AS SELECT id FROM salesforce.lead;
    CREATE TABLE public.lead_notes (lead text REFERENCES salesforce.lead, note text)`);
  const needed = ['constraint lead_notes_lead_fkey on table public.lead_notes', 'view public.leads'];
  assert.deepEqual(await wouldDrop(), ['Lead', false, needed]);
  await api.ask('DELETE', path('/objects/Lead?drop_table=true'));
  await hasLeft('Lead');
  assert.equal(await hasTable('lead'), true);
  const activity = await api.ask('GET', path('/activity?object=Lead&kind=schema&limit=1'));
  assert.match(JSON.stringify(activity.body.items), /table kept, because something else depends on it/);
  await harness.admin.script('DROP VIEW public.leads; DROP TABLE public.lead_notes');
  await api.ask('POST', path('/objects'), { objects: ['Lead'] });
  await isCurrent('Lead');
  await api.ask('DELETE', path('/objects/Lead?drop_table=true'));
  await hasLeft('Lead');
  assert.equal(await hasTable('lead'), false);
});

test('the last object of a sync, and one that it does not mirror, cannot be removed', async () => {
  assert.equal((await api.ask('DELETE', path('/objects/Opportunity'))).status, 404);
  assert.equal((await api.ask('DELETE', path('/objects/Contact'))).status, 202);
  const tried = await api.ask('DELETE', path('/objects/Account?dry_run=true'));
  assert.deepEqual([tried.status, tried.body.code], [400, 'CFG-01']);
  const last = await api.ask('DELETE', path('/objects/Account'));
  assert.deepEqual([last.status, last.body.code], [400, 'CFG-01']);
});
