/** Taking over a destination from a former holder, and what its roles may do. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { type Database, databaseUrl, openDatabase } from '@lockstep/foundation/database';
import { sql } from '@lockstep/foundation/sql';
import { openTestDatabase, testServerUrl } from '@lockstep/harness/database';
import {
  describeOf,
  idOf,
  openDestinationHarness,
  pageOf,
  record,
  stampAt,
  untilBlocked,
} from '@lockstep/harness/destination';
import { newSyncId } from '../core/ids.ts';
import { applyPage } from './apply.ts';
import { holderName, openDestination, openDestinationForWrites, prepareDestination } from './destination.ts';
import { markDirty } from './mark-sql.ts';
import { type Holder, openReadBackObservation, openTickObservation } from './observations.ts';
import { planTable } from './plan-table.ts';
import { restoreTable } from './restore-table.ts';
import { createPrivateDatabase, dropPrivateDatabase } from './roles.ts';
import { readStatusRows } from './status-sql.ts';
import { createTable, type Stream } from './tables.ts';
import { takeOver } from './take-over.ts';

const second = { owner: 'second', epoch: 2 };
const third = { owner: 'third', epoch: 3 };

/** Waits until a holder's sessions have ended and its process has had time to notice. */
async function untilEnded(db: Database, holder: Holder): Promise<void> {
  const giveUpAt = performance.now() + 10_000;
  const left = () =>
    db.query(sql`SELECT FROM pg_stat_activity WHERE application_name = ${holderName(holder)}
      AND datname = current_database()`);
  while ((await left()).length > 0) assert.ok(performance.now() < giveUpAt, 'a session does not end');
  await left(); // one more round trip, in which the pool sees that its connection is gone
}

test('after a takeover a late page of the former holder is refused and changes nothing', async () => {
  await using harness = await openDestinationHarness();
  const lateReading = await harness.open();
  const successor = await harness.openAs(second);
  await takeOver(successor.db, second);
  await untilEnded(harness.db, harness.holder);

  await assert.rejects(harness.apply([record(1)], { observation: lateReading }), { code: 'SYS-09' });
  await assert.rejects(harness.open(), { code: 'SYS-09' });
  assert.deepEqual(await harness.rows(), []);
});

test('a takeover ends the sessions of the former holder and not its own', async () => {
  await using harness = await openDestinationHarness();
  const former = await harness.destination.db.session();
  const successor = await harness.openAs(second);
  const own = await successor.db.session();
  await takeOver(successor.db, second);
  await former.closed;
  assert.deepEqual(await own.query(sql`SELECT 1 AS alive`), [{ alive: 1 }]);
  await own.close();
});

test('a takeover rolls back a page that the former holder has applied but not committed', async () => {
  await using harness = await openDestinationHarness();
  const observation = await harness.open();
  const successor = await harness.openAs(second);
  const applying = harness.destination.db.transaction(async (tx) => {
    await harness.apply([record(1)], { tx, observation });
    await takeOver(successor.db, second);
  });
  await assert.rejects(applying);
  assert.deepEqual(await harness.rows(), []);
});

test('a former holder cannot take over again after its successor', async () => {
  await using harness = await openDestinationHarness();
  const successor = await harness.openAs(second);
  await takeOver(successor.db, second);
  await untilEnded(harness.db, harness.holder);
  await assert.rejects(takeOver(harness.destination.db, harness.holder), { code: 'SYS-09' });
});

test('a slow takeover ends neither the sessions nor the readings of a newer holder', async () => {
  await using harness = await openDestinationHarness();
  const [slow, newest] = [await harness.openAs(second), await harness.openAs(third)];
  const session = await newest.db.session();
  let observation = await harness.open();
  let transactions = 0;
  const interrupted: Database = {
    ...slow.db,
    async transaction(work) {
      const result = await slow.db.transaction(work);
      if (++transactions === 1) {
        await takeOver(newest.db, third);
        await untilEnded(harness.db, second); // so that the slow takeover continues on new connections
        observation = await openTickObservation(newest.db, third, [1], 60_000);
      }
      return result;
    },
  };
  await takeOver(interrupted, second);

  assert.equal((await harness.apply([record(1)], { destination: newest, observation })).applied, 1);
  assert.deepEqual(await session.query(sql`SELECT 1 AS alive`), [{ alive: 1 }]);
  await assert.rejects(takeOver(slow.db, second), { code: 'SYS-09' });
  await session.close();
});

test('a takeover does not end sessions of newer holders, of proxies or of other programs', async () => {
  await using harness = await openDestinationHarness();
  const names = [
    holderName({ owner: 'odd/owner', epoch: 30 }),
    'lockstep-proxy/first',
    'psql',
    'lockstep/x/',
  ];
  const bystanders = names.map((applicationName) =>
    openDatabase({ url: harness.url, applicationName, connectionsMax: 1 }),
  );
  const sessions = await Promise.all(bystanders.map((each) => each.session()));
  const successor = await harness.openAs({ owner: 'first', epoch: 20 });
  await takeOver(successor.db, { owner: 'first', epoch: 20 });
  for (const session of sessions) {
    assert.deepEqual(await session.query(sql`SELECT 1 AS alive`), [{ alive: 1 }]);
    await session.close();
  }
});

test("a holder's name is never so long that the server cuts its epoch off", () => {
  const name = holderName({ owner: 'x'.repeat(100), epoch: 1_234_567 });
  assert.ok(Buffer.byteLength(name) <= 63);
  assert.match(name, /^lockstep\/x+\/1234567$/);
});

test('a takeover leaves a read-back open', async () => {
  await using harness = await openDestinationHarness();
  const readBack = await harness.openReadBack();
  const successor = await harness.openAs(second);
  await takeOver(successor.db, second);
  const counts = await harness.apply([record(1)], { destination: successor, observation: readBack });
  assert.equal(counts.applied, 1);
});

test('no reading is opened for a former holder while a takeover is under way', async () => {
  await using harness = await openDestinationHarness();
  let opening: Promise<unknown> | undefined;
  await harness.db.transaction(async (tx) => {
    await tx.query(sql`UPDATE _lockstep.sync SET epoch = 2`);
    opening = assert.rejects(harness.open(), { code: 'SYS-09' });
    await untilBlocked(harness.db);
  });
  await opening;
  assert.deepEqual(await harness.db.query(sql`SELECT FROM _lockstep.observation`), []);
});

test('a takeover waits for a reading that is being opened, and closes it', async () => {
  await using harness = await openDestinationHarness();
  const successor = await harness.openAs(second);
  let takingOver: Promise<void> | undefined;
  await harness.db.transaction(async (tx) => {
    await tx.query(sql`SELECT FROM _lockstep.sync FOR SHARE`);
    takingOver = takeOver(successor.db, second);
    await untilBlocked(harness.db);
    await tx.query(sql`
      INSERT INTO _lockstep.observation VALUES (nextval('_lockstep.ticket'), 'tick', '{1}', 'first', 1, now())`);
  });
  await takingOver;
  assert.deepEqual(await harness.db.query(sql`SELECT FROM _lockstep.observation`), []);
});

test('a write is recorded even while all read-backs wait for a locked table', async () => {
  await using harness = await openDestinationHarness();
  const destination = await openDestinationForWrites(harness.url, 'proxy');
  const blocker = await harness.db.session();
  await blocker.script('BEGIN; LOCK TABLE salesforce.account');
  const observation = await harness.openReadBack();
  const applies = Array.from({ length: 8 }, () =>
    destination.mirror.applyPage(harness.table(), pageOf([record(1)]), { observation, isLast: false }),
  );
  await untilBlocked(harness.db);
  const named = [{ sobject: 'account', id: idOf(1) }];
  const intents = await destination.mirror.recordIntent({ owner: 'proxy', method: 'PATCH', named });
  await destination.mirror.markRows(1, [idOf(1)], 'written', true);
  await destination.mirror.recordOutcome(intents, 'pending');
  await blocker.script('ROLLBACK');
  await Promise.all(applies);
  await blocker.close();
  await destination.end();
});

test('a page statement that is planned while its table is empty finds its rows by index', async () => {
  await using harness = await openDestinationHarness();
  const session = await harness.destination.db.session();
  await session.script(
    `PREPARE page (text, smallint, bigint, bigint, text[]) AS ${harness.table().merge.apply}`,
  );
  const plan = await session.query<Record<string, string>>(sql`EXPLAIN EXECUTE page ('[]', 1, 1, 2, '{}')`);
  const text = plan.flatMap(Object.values).join('\n');
  assert.match(text, /Index Scan using account_pkey on account t/);
  assert.doesNotMatch(text, /Seq Scan|Hash (Left |Right )?Join|Merge (Left |Right )?Join|Materialize/);
  await session.close();
});

test('preparing a destination and its tables again changes nothing, and another org is refused', async () => {
  await using harness = await openDestinationHarness();
  await harness.apply([record(1)]);
  const [login] = await harness.db.query<{ name: string }>(sql`SELECT current_user::text AS name`);
  const sync = {
    syncId: 'sync',
    orgId: '00D000000000001EAA',
    tableSchema: 'salesforce',
    owner: login?.name ?? '',
  };
  await prepareDestination(harness.db, sync);
  const plan = planTable(describeOf('Account', { Name: 'string' }));
  const stream = await harness.db.transaction((tx) => createTable(tx, 'salesforce', plan));
  assert.deepEqual(stream, harness.table().stream);
  assert.equal((await harness.rows()).length, 1);
  await assert.rejects(prepareDestination(harness.db, { ...sync, orgId: '00D000000000002EAA' }), {
    code: 'ORG-01',
  });
});

/** A private database with the table `account`, its users' addresses, and what must be closed before it is dropped. */
async function openPrivateDatabase() {
  const syncId = newSyncId();
  await using undo = new AsyncDisposableStack();
  const server = undo.use(await openTestDatabase());
  const secrets = {
    writerPassword: randomBytes(12).toString('hex'),
    readerPassword: randomBytes(12).toString('hex'),
  };
  const open = (url: string) => openDatabase({ url, applicationName: 'test', connectionsMax: 1 });
  const names = await createPrivateDatabase(server.db, syncId, secrets, (database) =>
    open(databaseUrl(testServerUrl(), { database })),
  );
  undo.defer(() => dropPrivateDatabase(server.db, syncId));
  const urlOf = (user: string, password: string) =>
    databaseUrl(testServerUrl(), { database: names.database, user, password });
  const writerUrl = urlOf(names.writer, secrets.writerPassword);
  const setup = open(writerUrl);
  await prepareDestination(setup, { syncId, orgId: '00D', tableSchema: 'salesforce', owner: names.owner });
  await setup.transaction((tx) =>
    createTable(tx, 'salesforce', planTable(describeOf('Account', { N__c: 'int' }))),
  );
  await setup.end();
  const reader = open(urlOf(names.reader, secrets.readerPassword));
  undo.defer(() => reader.end());
  const users = undo.move();
  return {
    reader,
    async openAs(holder: Holder) {
      const destination = await openDestination(writerUrl, holderName(holder));
      users.defer(() => destination.end());
      return destination;
    },
    [Symbol.asyncDispose]: () => users.disposeAsync(),
  };
}

test('in a private database the writer can do all of its work and the reader sees rows and status', async () => {
  await using database = await openPrivateDatabase();
  const { reader } = database;
  const first = { owner: 'first', epoch: 1 };
  const former = await database.openAs(first);
  await takeOver(former.db, first);
  const session = await former.db.session();
  const destination = await database.openAs(second);
  await takeOver(destination.db, second);
  await session.closed;

  const table = destination.tables.get('account');
  assert.ok(table);
  await markDirty(destination.db, 1, [idOf(1)], { urgent: true, reason: 'written' });
  const stillOpen = await openReadBackObservation(destination.db, 'proxy', [1], 60_000);
  const observation = await openTickObservation(destination.db, second, [1], 60_000);
  const page = pageOf([
    record(1),
    record(2, { N__c: 1.5 }),
    record(3),
    record(3, { SystemModstamp: stampAt(-9) }),
  ]);
  const { counts } = await destination.db.transaction((tx) =>
    applyPage(tx, table, page, { observation, isLast: true, absent: [idOf(4)] }),
  );
  assert.deepEqual(counts, { applied: 2, unchanged: 1, stale: 1, dirty: 0, quarantined: 1 });
  await destination.db.transaction((tx) =>
    applyPage(tx, table, pageOf([]), { observation: stillOpen, isLast: true }),
  );

  assert.deepEqual(await reader.query(sql`SELECT id, n__c FROM salesforce.account ORDER BY id`), [
    { id: idOf(1), n__c: null },
    { id: idOf(3), n__c: null },
  ]);
  assert.deepEqual(
    (await readStatusRows(reader)).map(({ sobject, rows }) => [sobject, rows]),
    [['Account', 2]],
  );
  for (const [nth, what] of ['TABLE salesforce.account', 'SCHEMA salesforce CASCADE'].entries()) {
    await destination.db.script(`DROP ${what}`);
    const dropped: Stream = { ...table.stream, planVersion: 1 + nth };
    assert.equal(await restoreTable(destination.db, dropped, 100), 'it was dropped');
    assert.deepEqual(await reader.query(sql`SELECT id, n__c FROM salesforce.account`), [], what);
  }
});
