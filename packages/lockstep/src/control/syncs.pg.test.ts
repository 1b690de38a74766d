import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { newSync, openTestControl, openTestLog, type TestControl } from '@lockstep/harness/control';
import { listenForChanges } from './changes.ts';
import { openCredential } from './credentials.ts';
import { openControl } from './database.ts';
import { openReaderUrl, openWriterUrl } from './destinations.ts';
import { moveOrg } from './org-address.ts';
import { keyFromBytes, newKeyBytes } from './sealing.ts';
import { changeSettings, eraseSync, findSync, listSyncs, readSync, recordSync } from './syncs.ts';
import { countRequest } from './usage.ts';

const canaries = {
  credential: {
    flow: 'client credentials' as const,
    clientId: 'canary-client-id',
    clientSecret: 'canary-client-secret',
  },
  writerPassword: 'canary writer:/@ password',
  readerPassword: 'canary reader:/@ password',
};

/** Every row of every table of the schema, as text. */
async function dump({ database }: TestControl): Promise<string> {
  const tables = await database.db.query<{ name: string }>(
    sql`SELECT tablename::text AS name FROM pg_tables WHERE schemaname = 'lockstep'`,
  );
  const rows = await Promise.all(
    tables.map(({ name }) =>
      database.db.query<{ xml: string }>(
        sql`SELECT query_to_xml(format('SELECT * FROM lockstep.%I', ${name}::text), true, true, '')::text AS xml`,
      ),
    ),
  );
  return rows
    .flat()
    .map(({ xml }) => xml)
    .join('\n');
}

test('a sync is read back as it was recorded, by id and by name', async () => {
  await using harness = await openTestControl();
  const given = newSync({ name: 'Acme', sobjects: ['Opportunity', 'Account', 'Invoice__c'] });

  await recordSync(harness.control, given);

  const sync = await readSync(harness.control, given.id);
  assert.deepEqual(sync, {
    id: given.id,
    name: 'Acme',
    orgId: given.orgId,
    loginUrl: given.loginUrl,
    flow: 'client credentials',
    instanceUrl: given.instanceUrl,
    apiVersion: '64.0',
    sobjects: ['Opportunity', 'Account', 'Invoice__c'],
    leaving: [],
    intervalMs: 3_000,
    stopAtPercent: 90,
    paused: false,
    withoutDatabase: 'refuse',
    foreignKeys: false,
    leftOut: [],
    isDeleting: false,
    isRecopying: false,
    epoch: 0,
    destination: {
      kind: 'private',
      database: `lockstep_${given.id}`,
      tableSchema: 'salesforce',
      revision: 1,
    },
  });
  assert.deepEqual(await findSync(harness.control, 'Acme'), sync);
  assert.deepEqual(await findSync(harness.control, given.id), sync);
  assert.deepEqual(await listSyncs(harness.control), [sync]);
  assert.equal(await findSync(harness.control, 'acme'), null);
});

test('no table and no log contains a secret of a sync in clear text', async () => {
  await using harness = await openTestControl();
  const given = newSync({ name: 'Acme visible', ...canaries });

  await recordSync(harness.control, given);

  const stored = await dump(harness);
  assert.match(stored, /Acme visible/);
  const { credential, ...passwords } = canaries;
  for (const canary of [credential.clientId, credential.clientSecret, ...Object.values(passwords)]) {
    for (const form of ['utf8', 'base64', 'base64url', 'hex'] as const) {
      assert.ok(!stored.includes(Buffer.from(canary).toString(form)), `stored in ${form}`);
    }
  }
  assert.doesNotMatch(stored + harness.log.text(), /canary/);
});

test('the secrets of a sync open with the key they were sealed with', async () => {
  await using harness = await openTestControl();
  const given = newSync(canaries);
  await recordSync(harness.control, given);
  const sync = await readSync(harness.control, given.id);
  assert.ok(sync);

  assert.deepEqual(await openCredential(harness.control, given.id), canaries.credential);
  const writer = new URL(await openWriterUrl(harness.control, sync));
  assert.equal(writer.username, `lockstep_${given.id}_writer`);
  assert.equal(decodeURIComponent(writer.password), canaries.writerPassword);
  assert.equal(writer.pathname, `/lockstep_${given.id}`);
  const reader = new URL(await openReaderUrl(harness.control, sync));
  assert.equal(reader.username, `lockstep_${given.id}_ro`);
  assert.equal(decodeURIComponent(reader.password), canaries.readerPassword);
  assert.equal(reader.host, new URL(harness.control.url).host);
});

test('another key opens nothing, and a secret that was moved to another sync does not open', async () => {
  await using harness = await openTestControl();
  const [one, two] = [newSync(), newSync()];
  await recordSync(harness.control, one);
  await recordSync(harness.control, two);

  const stranger = { ...harness.control, key: keyFromBytes(newKeyBytes()) };
  await assert.rejects(openCredential(stranger, one.id), {
    code: 'KEY-02',
    safe: { reason: harness.key.id },
  });

  await harness.control.db.query(sql`
    UPDATE lockstep.credential SET sealed_credential =
           (SELECT sealed_credential FROM lockstep.credential WHERE sync_id = ${one.id})
     WHERE sync_id = ${two.id}`);
  await assert.rejects(openCredential(harness.control, two.id), { code: 'KEY-03' });

  await harness.control.db.query(sql`
    UPDATE lockstep.sync SET sealed_data_key = (SELECT sealed_data_key FROM lockstep.sync WHERE sync_id = ${one.id})
     WHERE sync_id = ${two.id}`);
  await assert.rejects(openCredential(harness.control, two.id), { code: 'KEY-03' });
  assert.ok(await openCredential(harness.control, one.id));
});

test('a sync whose name is taken or whose interval is out of range is refused as a whole', async () => {
  await using harness = await openTestControl();
  const first = newSync({ name: 'Acme' });
  await recordSync(harness.control, first);

  await assert.rejects(recordSync(harness.control, newSync({ name: 'Acme' })), { code: 'CFG-03' });
  await assert.rejects(recordSync(harness.control, newSync({ name: first.id })), { code: 'CFG-01' });
  await assert.rejects(recordSync(harness.control, newSync({ intervalMs: 199 })), { code: 'LIM-05' });
  await assert.rejects(changeSettings(harness.control, first.id, { intervalMs: 300_001 }), {
    code: 'LIM-05',
  });
  for (const percent of [9, 101, 50.5, Number.NaN]) {
    const change = { intervalMs: 500, stopAtPercent: percent };
    await assert.rejects(changeSettings(harness.control, first.id, change), { code: 'LIM-05' });
  }

  const syncs = await listSyncs(harness.control);
  assert.deepEqual(
    syncs.map(({ id, intervalMs }) => ({ id, intervalMs })),
    [{ id: first.id, intervalMs: 3_000 }],
  );
});

test('an erased sync leaves nothing behind, and an org is deleted with its last sync', async () => {
  await using harness = await openTestControl();
  const [one, two] = [newSync(), newSync()];
  await recordSync(harness.control, one);
  await recordSync(harness.control, two);
  countRequest(harness.control, one.id, 'poll');

  assert.equal(await eraseSync(harness.control, one.id), true);
  assert.doesNotMatch(await dump(harness), new RegExp(one.id));
  assert.match(await dump(harness), new RegExp(one.orgId));
  await eraseSync(harness.control, two.id);
  assert.doesNotMatch(await dump(harness), new RegExp(one.orgId));
  assert.equal(await eraseSync(harness.control, one.id), false);
  await assert.rejects(openCredential(harness.control, one.id), { code: 'PRX-01' });
});

test('listeners learn of each change of a sync, even after the connection was lost', async () => {
  await using harness = await openTestControl();
  const told: (string | null)[] = [];
  let onTold = Promise.withResolvers<void>();
  const nextTold = async () => {
    await onTold.promise;
    onTold = Promise.withResolvers<void>();
    return told.splice(0);
  };
  const stop = new AbortController();
  const onChange = (syncId: string | null) => {
    told.push(syncId);
    onTold.resolve();
  };
  const listening = listenForChanges(await harness.openAnother(), onChange, stop.signal);
  assert.deepEqual(await nextTold(), [null]);

  const sync = newSync();
  const changes = [
    () => recordSync(harness.control, sync),
    () => changeSettings(harness.control, sync.id, { paused: true }),
    () => changeSettings(harness.control, sync.id, { intervalMs: 500 }),
    () => changeSettings(harness.control, sync.id, { stopAtPercent: 75 }),
    () => changeSettings(harness.control, sync.id, { withoutDatabase: 'forward' }),
    () => moveOrg(harness.control, { orgId: sync.orgId, instanceUrl: 'https://moved.example.com' }),
  ];
  for (const change of changes) {
    await change();
    assert.deepEqual(await nextTold(), [sync.id]);
  }
  const changed = await readSync(harness.control, sync.id);
  assert.partialDeepStrictEqual(changed, {
    paused: true,
    intervalMs: 500,
    stopAtPercent: 75,
    withoutDatabase: 'forward',
    instanceUrl: 'https://moved.example.com',
  });

  await harness.database.db.query(sql`
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
     WHERE datname = current_database() AND query LIKE 'LISTEN%'`);
  assert.deepEqual(await nextTold(), [null]);
  await eraseSync(harness.control, sync.id);
  assert.deepEqual(await nextTold(), [sync.id]);

  stop.abort();
  await listening;
});

test('requests are counted by minute and purpose, and the last counts are written at the end', async () => {
  await using harness = await openTestControl();
  const [sync, erased] = [newSync(), newSync()];
  await recordSync(harness.control, sync);
  const worker = await harness.openAnother();
  const other = await harness.openAnother();

  for (const purpose of ['poll', 'poll', 'backfill']) countRequest(worker, sync.id, purpose);
  countRequest(other, sync.id, 'poll');
  countRequest(other, erased.id, 'poll');
  await worker.usage.end();
  await other.usage.end();

  assert.deepEqual(
    await harness.control.db.query(sql`
      SELECT purpose, sum(requests) AS requests FROM lockstep.usage GROUP BY purpose ORDER BY purpose`),
    [
      { purpose: 'backfill', requests: 1 },
      { purpose: 'poll', requests: 3 },
    ],
  );
});

test('the fault of a control database that cannot be opened names the host and not the password', async () => {
  await using harness = await openTestControl();
  const options = {
    key: harness.key,
    applicationName: 'test',
    clock: harness.control.clock,
    log: openTestLog().log,
  };
  const away = new URL(harness.database.url);
  away.port = '1';
  away.password = 'canary';
  await assert.rejects(
    openControl({ ...options, url: away.toString() }),
    (error: Error & { code?: string }) => {
      assert.equal(error.code, 'DB-02');
      assert.ok(error.message.includes(away.host) && !error.message.includes('canary'));
      return true;
    },
  );
  await assert.rejects(openControl({ ...options, url: 'mysql://canary' }), { code: 'CFG-01' });

  await harness.control.db.query(sql`INSERT INTO lockstep.migration (number, name) VALUES (9000, 'later')`);
  await assert.rejects(openControl({ ...options, url: harness.database.url }), { code: 'SYS-07' });
});

test('request counts are kept for a month', async () => {
  await using harness = await openTestControl();
  const { control } = harness;
  const sync = newSync();
  await recordSync(control, sync);
  for (const days of [29, 31]) {
    await control.db.query(sql`
      INSERT INTO lockstep.usage (sync_id, minute, purpose, requests)
      VALUES (${sync.id}, clock_timestamp() - ${days} * interval '1 day', 'poll', ${days})`);
  }
  countRequest(control, sync.id, 'setup');
  await control.usage.flush();
  assert.deepEqual(await control.db.query(sql`SELECT requests FROM lockstep.usage ORDER BY requests`), [
    { requests: 1 },
    { requests: 29 },
  ]);
});
