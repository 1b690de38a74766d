import assert from 'node:assert/strict';
import { test } from 'node:test';
import { databaseUrl, openDatabase } from '@lockstep/foundation/database';
import { sql } from '@lockstep/foundation/sql';
import { newSync, openTestControl, type TestControl } from '@lockstep/harness/control';
import {
  beginDeleting,
  changeSettings,
  listSyncs,
  readSync,
  recordSync,
  runLeases,
  type Sync,
} from '../control/index.ts';
import { createPrivateDatabase, dropPrivateDatabase } from '../postgres/index.ts';
import { deleteSync, deletionOf } from './delete-sync.ts';

const never = new AbortController().signal;

/** A sync with its database, which holds a table of the user's own. */
async function withMirror({ control, database }: TestControl): Promise<Sync> {
  const sync = newSync({ name: 'acme' });
  const open = (name: string) =>
    openDatabase({
      url: databaseUrl(database.url, { database: name }),
      applicationName: 'test',
      connectionsMax: 1,
    });
  const secrets = { writerPassword: 'writer', readerPassword: 'reader' };
  const { database: mirror } = await createPrivateDatabase(control.db, sync.id, secrets, open);
  const inside = open(mirror);
  await inside.query(sql`CREATE TABLE public.mine (id text)`);
  await inside.end();
  await recordSync(control, sync);
  const made = await readSync(control, sync.id);
  assert.ok(made);
  return made;
}

/** What the server's catalogs still have of the sync. */
const leftOf = ({ control }: TestControl, { id }: Sync) =>
  control.db.query(sql`
    SELECT datname::text AS name FROM pg_database WHERE strpos(datname, ${id}) > 0
     UNION ALL SELECT rolname::text FROM pg_roles WHERE strpos(rolname, ${id}) > 0`);

test('a deleted sync leaves no database, no role and no row, and the one beside it stays', async () => {
  await using harness = await openTestControl();
  const { control } = harness;
  const sync = await withMirror(harness);
  await recordSync(control, newSync({ name: 'other' }));
  const { erases } = deletionOf(sync);
  for (const { name } of (await leftOf(harness, sync)) as { name: string }[])
    assert.ok(
      erases.some((line) => line.includes(name)),
      `${name} is told before`,
    );

  await deleteSync(control, sync, never);
  assert.deepEqual(await leftOf(harness, sync), []);
  assert.deepEqual(
    (await listSyncs(control)).map(({ name }) => name),
    ['other'],
  );
  for (const table of ['credential', 'destination', 'stream', 'sync_request', 'sync_problem'])
    assert.deepEqual(
      await control.db.query({
        name: '',
        text: `SELECT FROM lockstep.${table} WHERE sync_id = $1`,
        values: [sync.id],
      }),
      [],
      table,
    );
});

test('a deletion that was interrupted anywhere is finished by the next one', async () => {
  await using harness = await openTestControl();
  const { control } = harness;
  const sync = await withMirror(harness);
  await beginDeleting(control, sync.id);
  await dropPrivateDatabase(control.db, sync.id);
  const found = await readSync(control, sync.id);
  assert.equal(found?.isDeleting, true, 'it is still there to be named');
  await deleteSync(control, sync, never);
  await deleteSync(control, sync, never);
  assert.equal(await readSync(control, sync.id), null);
});

test('nothing can be changed about a sync that is being deleted, and no worker claims it', async () => {
  await using harness = await openTestControl();
  const { control } = harness;
  const sync = await withMirror(harness);
  await beginDeleting(control, sync.id);
  await assert.rejects(changeSettings(control, sync.id, { paused: false }), { code: 'SYS-18' });
  const stop = new AbortController();
  const claims: string[] = [];
  const onClaim = async ({ name }: Sync) => void claims.push(name);
  const other = newSync({ name: 'other' });
  await recordSync(control, other);
  const claimed = harness.log.next('sync claimed');
  const worker = runLeases(control, { workerId: 'worker', onClaim }, stop.signal);
  await claimed;
  stop.abort();
  await worker;
  assert.deepEqual(claims, ['other']);
  await deleteSync(control, sync, never);
});

test('a mirror is dropped only after its worker has let the sync go', async () => {
  await using harness = await openTestControl();
  const { control } = harness;
  const sync = await withMirror(harness);
  const stop = new AbortController();
  const letGo = Promise.withResolvers<void>();
  const claimed = harness.log.next('sync claimed');
  const another = await harness.openAnother();
  // A worker that finishes its page before it lets go.
  const onClaim = (_: Sync, signal: AbortSignal) =>
    new Promise<void>((resolve) =>
      signal.addEventListener('abort', () => void letGo.promise.then(resolve), { once: true }),
    );
  const worker = runLeases(another, { workerId: 'worker', onClaim }, stop.signal);
  await claimed;
  const deleting = deleteSync(control, sync, never);
  const isGone = deleting.then(() => true);
  await harness.control.clock.sleep(500);
  assert.equal((await leftOf(harness, sync)).length, 5, 'the database and its four roles');
  letGo.resolve();
  assert.equal(await isGone, true);
  assert.deepEqual(await leftOf(harness, sync), []);
  stop.abort();
  await worker;
});
