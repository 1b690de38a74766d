/** What is left of a sync that was used and deleted: nothing but what the deletion has told. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { systemClock } from '@lockstep/foundation/clock';
import { newSyncOf } from '@lockstep/harness/api-harness';
import { dumpControl, linesWith } from '@lockstep/harness/control-dump';
import { dataPath } from '@lockstep/harness/end-to-end-harness';
import {
  dataFiles,
  dumpServer,
  openServerWithOrg,
  type ServerWithOrg,
} from '@lockstep/harness/server-with-org';

const name = 'northwind-to-delete';

/** A sync with something in each table that a sync can fill. Returns its id, and what is secret of it. */
async function usedSync(own: ServerWithOrg): Promise<{ id: string; secrets: string[] }> {
  const { org, server } = own;
  const made = await server.ask('POST', '/api/v1/syncs', newSyncOf(org, { name, interval_ms: 250 }), {
    'idempotency-key': randomUUID(),
  });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  const id = String(made.body.id);
  const path = `/api/v1/syncs/${name}`;
  await own.untilCurrent(name);
  const reader = await own.accepted('POST', `${path}/readers`, { name: 'reports' });
  const mirror = own.admin(`lockstep_${id}`);
  await mirror.script(
    'ALTER TABLE salesforce.account ADD CONSTRAINT short_names CHECK (length(name) < 5) NOT VALID',
  );
  const accounts = `${dataPath}/sobjects/Account`;
  const create = async (Name: string) => {
    const answer = await own.call(id, 'POST', accounts, { Name });
    assert.equal(answer.status, 201);
    return ((await answer.json()) as { id: string }).id;
  };
  const fits = await create('fits');
  await create('is set aside');
  for (let tries = 0; tries < 200; tries++) {
    const { items } = await own.accepted('GET', `${path}/set-aside`);
    if ((items as unknown[]).length > 0) break;
    await systemClock.sleep(100);
  }
  await own.accepted('POST', `${path}/query`, { query: 'SELECT count(*) FROM account' });
  await own.accepted('PATCH', path, { fields_left_out: ['Contact.Fax'] });
  await own.accepted('POST', `${path}/trial`, {
    object: 'Account',
    id: fits,
    token: await org.token('demo'),
  });
  await own.accepted('POST', `${path}/operations`, { kind: 'verify', level: 'counts' });
  await own.accepted('POST', `${path}/objects`, { objects: ['Lead'] });
  await own.untilCurrent(name);
  await own.accepted('GET', `${path}/activity`);
  return {
    id,
    secrets: [org.credentials.integration.clientSecret, new URL(String(reader.mirror_url)).password],
  };
}

test('of a deleted sync only that is left which the deletion has told', async () => {
  await using own = await openServerWithOrg({ org: { records: 300 } });
  const { id, secrets } = await usedSync(own);
  const control = own.admin();
  const tablesWith = async (text: string) =>
    new Set(linesWith((await dumpControl(control)).text, text).map((line) => line.split(':')[0]));
  assert.ok((await tablesWith(id)).size > 8, 'it has filled most tables');

  const told = await own.accepted('DELETE', `/api/v1/syncs/${name}`);
  assert.match(
    JSON.stringify(told.keeps),
    /audit log, for 30 days.*24 hours: the Idempotency-Keys.*log files/,
  );
  const keeps = { audit_entry: true, idempotency_key: true };
  for (const text of [id, name, ...secrets]) {
    for (const table of await tablesWith(text)) {
      assert.ok(table !== undefined && table in keeps && !secrets.includes(text), `${text} in ${table}`);
    }
    assert.deepEqual(linesWith(await dumpServer(control), text), [], `${text} in the catalogues`);
    for (const [path, content] of await dataFiles(own.server.cli.dataDir)) {
      const isTold = path.startsWith('logs/') && text === id;
      assert.ok(isTold || linesWith(content, text).length === 0, `${text} in ${path}`);
    }
  }
  assert.deepEqual([...(await tablesWith(own.org.orgId))], ['idempotency_key'], 'the org is forgotten, too');
});
