import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '@lockstep/foundation/clock';
import type { Database } from '@lockstep/foundation/database';
import { sql } from '@lockstep/foundation/sql';
import { newSync, openTestControl, openTestLog } from '@lockstep/harness/control';
import { Fault } from '../core/faults.ts';
import { type RecordedActivity, readActivity, recordActivity } from './activity.ts';
import { openActivityLog } from './activity-log.ts';
import { onBehalfOf } from './database.ts';
import { clearSyncProblem, recordSyncProblem } from './health.ts';
import { moveOrg } from './org-address.ts';
import { forgetStream, removeStream } from './streams.ts';
import { changeApiVersion, changeSettings, recordSync } from './syncs.ts';

const wordsOf = (found: readonly RecordedActivity[]) =>
  found.toReversed().map(({ before, event, code }) => [before, event, code]);

test('a state is recorded when it changes, with the one before it, whichever process finds it', async () => {
  await using harness = await openTestControl();
  const { control } = harness;
  const sync = newSync();
  await recordSync(control, sync);
  const other = await harness.openAnother();
  for (const process of [control, other]) {
    await clearSyncProblem(process, sync.id);
    await process.activity.flush();
  }
  await recordSyncProblem(
    other,
    sync.id,
    new Fault('NET-01', { host: 'acme.example.com', reason: 'none' }),
    10,
  );
  await other.activity.flush();
  await recordSyncProblem(control, sync.id, new Fault('KEY-02', { key: 'abc' } as never), 10);
  await control.activity.flush();
  await changeSettings(control, sync.id, { paused: true });
  await changeSettings(control, sync.id, { intervalMs: 900 });
  const found = await readActivity(control, sync.id, { limit: 10 });
  assert.deepEqual(wordsOf(found), [
    [null, 'running', null],
    ['running', 'waiting', 'NET-01'],
    ['waiting', 'locked', 'KEY-02'],
    ['locked', 'paused', null],
  ]);
  assert.deepEqual(
    found.map(({ needsPerson }) => needsPerson),
    [false, true, false, false],
  );
});

test('what a person decides is told with who, also if states follow each other at once', async () => {
  await using harness = await openTestControl();
  const { control } = harness;
  const sync = newSync();
  await recordSync(control, sync);
  const ann = onBehalfOf(control, 'administrator');
  const deploy = onBehalfOf(control, 'key deploy');
  recordActivity(control, sync.id, { kind: 'state', event: 'running' });
  await control.activity.flush();
  recordActivity(control, sync.id, { kind: 'state', event: 'waiting', code: 'NET-01' }); // out of date at once
  await changeSettings(ann, sync.id, { paused: true });
  await changeSettings(deploy, sync.id, { paused: true });
  await changeSettings(deploy, sync.id, { paused: false });
  await changeSettings(deploy, sync.id, { intervalMs: 900 });
  recordActivity(control, sync.id, { kind: 'state', event: 'running' });
  await changeApiVersion(control, sync.id, '63.0');
  await changeApiVersion(ann, sync.id, '64.0');
  await removeStream(deploy, sync.id, sync.sobjects[0] ?? '', 'keep table');
  await forgetStream(control, sync.id, sync.sobjects[0] ?? '');
  const found = (await readActivity(control, sync.id, { limit: 20 })).toReversed();
  assert.deepEqual(
    found.filter(({ kind }) => kind === 'state').map(({ before, event, who }) => [before, event, who]),
    [
      [null, 'running', null],
      ['running', 'paused', 'administrator'],
      ['paused', 'resumed', 'key deploy'],
      [null, 'removed', 'key deploy'],
    ],
  );
  assert.deepEqual(
    new Set(found.filter(({ kind }) => kind === 'org').map(({ detail, who }) => `${detail} ${who}`)),
    new Set(['63.0 null', '64.0 administrator']),
  );
});

test('each object has states of its own, and entries are chosen by object, kind, time and place', async () => {
  await using harness = await openTestControl();
  const { control } = harness;
  const sync = newSync();
  await recordSync(control, sync);
  for (const state of ['backfilling', 'current'])
    for (const sobject of ['Account', 'Contact']) {
      recordActivity(control, sync.id, { kind: 'state', event: state, sobject });
      await control.activity.flush();
    }
  recordActivity(control, sync.id, { kind: 'check', event: 'stale', sobject: 'Account', rows: 3 });
  const ask = (asked: object) => readActivity(control, sync.id, { limit: 10, ...asked });
  const all = await ask({});
  assert.equal(all.length, 5);
  assert.equal((await ask({ sobject: 'account' })).length, 3);
  assert.deepEqual(
    (await ask({ kind: 'check' })).map(({ rows, sobject }) => [sobject, rows]),
    [['Account', 3]],
  );
  assert.deepEqual(await ask({ before: all[1]?.id, limit: 2 }), all.slice(2, 4));
  assert.deepEqual(await ask({ later: all[1]?.id }), all.slice(0, 1));
  assert.equal((await ask({ since: '2999-01-01T00:00:00Z' })).length, 0);
  assert.equal((await ask({ needsPerson: true })).length, 0);
});

test('the same fact is written once a minute at most, with how often it has happened', async () => {
  const clock = new ManualClock();
  await using harness = await openTestControl(clock);
  const { control } = harness;
  const sync = newSync();
  await recordSync(control, sync);
  const find = (rows: number) =>
    recordActivity(control, sync.id, { kind: 'check', event: 'missing', sobject: 'Account', rows });
  for (const rows of [1, 2, 3, 4]) {
    find(rows);
    await control.activity.flush();
  }
  const read = async () =>
    (await readActivity(control, sync.id, { limit: 10 })).map(({ rows, times }) => [rows, times]);
  assert.deepEqual(await read(), [[1, 1]]);
  clock.advance(60_000);
  assert.deepEqual(await read(), [
    [9, 3],
    [1, 1],
  ]);
});

test('a state that flaps ends as it is, in few entries', async () => {
  const clock = new ManualClock();
  await using harness = await openTestControl(clock);
  const { control } = harness;
  const sync = newSync();
  await recordSync(control, sync);
  for (let round = 0; round < 30; round++) {
    for (const [event, code] of [
      ['waiting', 'NET-01'],
      ['running', null],
    ] as const) {
      recordActivity(control, sync.id, { kind: 'state', event, code });
      await control.activity.flush();
    }
  }
  recordActivity(control, sync.id, { kind: 'state', event: 'waiting', code: 'NET-01' });
  clock.advance(60_000);
  assert.deepEqual(wordsOf(await readActivity(control, sync.id, { limit: 100 })), [
    [null, 'waiting', 'NET-01'],
    ['waiting', 'running', null],
    ['running', 'waiting', 'NET-01'],
  ]);
});

test('while the database is away activity waits in a bounded memory, and nothing fails', async () => {
  await using harness = await openTestControl();
  const sync = newSync();
  await recordSync(harness.control, sync);
  const { control } = harness;
  let isAway = true;
  const db: Database = {
    ...control.db,
    query: (statement) => (isAway ? Promise.reject(new Error('away')) : control.db.query(statement)),
  };
  const log = openTestLog();
  const clock = new ManualClock();
  const activity = openActivityLog({ db, clock, log: log.log });
  for (let nth = 0; nth < 2_000; nth++)
    activity.add(sync.id, {
      kind: 'schema',
      event: 'field hidden',
      sobject: 'Account',
      detail: `F${nth}__c`,
    });
  await activity.flush();
  isAway = false;
  await activity.end();
  assert.equal((await readActivity(control, sync.id, { limit: 5_000 })).length, 1_000);
  assert.match(log.text(), /activity not written yet/);
  assert.equal(log.text().split('activity not recorded').length, 2);
});

test('what is recorded is written by itself within a second', async () => {
  await using harness = await openTestControl();
  const { control } = harness;
  const sync = newSync();
  await recordSync(control, sync);
  await moveOrg(control, { orgId: sync.orgId, instanceUrl: 'https://other.example.com' });
  for (let tries = 0; tries < 100; tries++) {
    const rows = await control.db.query(sql`SELECT kind, event FROM lockstep.activity`);
    if (rows.length > 0) return assert.deepEqual(rows, [{ kind: 'org', event: 'moved' }]);
    await control.clock.sleep(50);
  }
  assert.fail('nothing was written');
});

test('activity is kept for a month, and no longer than its sync', async () => {
  await using harness = await openTestControl();
  const { control } = harness;
  const sync = newSync();
  await recordSync(control, sync);
  for (const detail of ['A__c', 'B__c']) {
    recordActivity(control, sync.id, { kind: 'schema', event: 'field hidden', sobject: 'Account', detail });
  }
  await control.activity.flush();
  await control.db.query(sql`
    UPDATE lockstep.activity
       SET at = at - CASE detail WHEN 'A__c' THEN interval '29 days' ELSE interval '31 days' END`);
  const details = async () =>
    (await readActivity(control, sync.id, { limit: 10 })).map(({ detail }) => detail);
  assert.deepEqual(await details(), ['A__c'], 'before anything purges');
  recordActivity(control, sync.id, {
    kind: 'schema',
    event: 'field hidden',
    sobject: 'Account',
    detail: 'C__c',
  });
  await control.activity.flush();
  assert.deepEqual(await control.db.query(sql`SELECT detail FROM lockstep.activity ORDER BY activity_id`), [
    { detail: 'A__c' },
    { detail: 'C__c' },
  ]);
  await control.db.query(sql`DELETE FROM lockstep.sync WHERE sync_id = ${sync.id}`);
  recordActivity(control, sync.id, { kind: 'state', event: 'running' });
  await control.activity.flush();
  assert.deepEqual(await control.db.query(sql`SELECT FROM lockstep.activity`), []);
});
