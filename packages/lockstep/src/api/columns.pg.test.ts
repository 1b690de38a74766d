/** The columns of an object's table, over the API. No worker runs the sync. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openDatabase } from '@lockstep/foundation/database';
import { type Sql, sql } from '@lockstep/foundation/sql';
import { newSyncOf, openApi } from '@lockstep/harness/api-harness';
import { startOrg } from '@lockstep/harness/org';
import type { ColumnView } from '../contract/columns.ts';
import { findSync, openWriter } from '../control/index.ts';

test('the columns of a table are told with their types, their fields and what became of each', async () => {
  await using org = await startOrg({ records: 100 });
  await using api = await openApi([new URL(org.url).host]);
  assert.equal((await api.ask('POST', '/api/v1/syncs', newSyncOf(org))).status, 201);
  const read = async () => {
    const { status, body } = await api.ask('GET', '/api/v1/syncs/acme/objects/account/columns');
    assert.equal(status, 200, JSON.stringify(body));
    assert.equal(body.sobject, 'Account');
    return new Map((body.columns as ColumnView[]).map((one) => [one.field, one]));
  };
  const columns = await read();
  assert.deepEqual(columns.get('Id'), {
    column_name: 'id',
    column_type: 'text',
    field: 'Id',
    field_type: 'id',
    is_formula: false,
    refers_to: [],
    state: 'mirrored',
    since: null,
    replaces: null,
    note: null,
  });
  assert.equal([...columns.keys()][0], 'Id', 'in their order');
  assert.deepEqual(columns.get('OwnerId')?.refers_to, ['User']);
  assert.equal(columns.get('CreatedDate')?.column_type, 'timestamp with time zone');

  const sync = await findSync(api.control.control, 'acme');
  assert.ok(sync);
  const writer = openDatabase({
    ...(await openWriter(api.control.control, sync)),
    applicationName: 'test',
    connectionsMax: 1,
  });
  const change = (to: Sql, field: string) =>
    writer.query(sql`UPDATE _lockstep.column SET ${to} WHERE field = ${field}`);
  const since = '2026-11-12T10:00:00Z';
  await change(sql`hidden_since = ${since}`, 'Industry');
  await change(sql`hidden_since = ${since}, left_out = true`, 'Website');
  await change(sql`hidden_since = ${since}, returned_at = ${since}, replaces = 'phone_before'`, 'Phone');
  await writer.query(sql`ALTER TABLE salesforce.account DROP COLUMN fax`);
  await writer.end();
  const changed = await read();
  assert.deepEqual(
    ['Industry', 'Website', 'Phone', 'Name'].map((field) => {
      const one = changed.get(field);
      return [one?.state, one?.since, one?.replaces];
    }),
    [
      ['hidden', since, null],
      ['left out', since, null],
      ['filling', since, 'phone_before'],
      ['mirrored', null, null],
    ],
  );
  assert.deepEqual([columns.get('Fax')?.column_type, changed.get('Fax')?.column_type], ['text', null]);

  const missing = await api.ask('GET', '/api/v1/syncs/acme/objects/Lead/columns');
  assert.deepEqual([missing.status, missing.body.kind], [404, 'not found']);
  await api.ask('DELETE', '/api/v1/syncs/acme');
});
