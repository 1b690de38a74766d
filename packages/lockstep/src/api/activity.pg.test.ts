/** What has happened to a sync, over the API. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withSyncs } from '@lockstep/harness/api-harness';
import type { ActivityView } from '../contract/activity.ts';
import { type Activity, findSync, recordActivity } from '../control/index.ts';

interface Pages {
  items: ActivityView[];
  next: string | null;
}
async function idsInPages(read: (query: string) => Promise<Pages>): Promise<string[]> {
  const ids: string[] = [];
  for (let after = ''; ; ) {
    const { items, next } = await read(`limit=5${after}`);
    ids.push(...items.map(({ id }) => id));
    if (next === null) break;
    after = `&after=${next}`;
  }
  return ids;
}

test('activity is read in pages, as facts and as sentences, by object, kind and whether somebody is needed', async () => {
  await using api = await withSyncs(['acme', 'other']);
  const { control } = api.control;
  const sync = await findSync(control, 'acme');
  assert(sync);
  const facts: Activity[] = [
    { kind: 'state', event: 'running' },
    { kind: 'state', event: 'backfilling', sobject: 'Account' },
    { kind: 'state', event: 'current', sobject: 'Account' },
    { kind: 'backfill', event: 'complete', rows: 1 },
    { kind: 'check', event: 'stale', sobject: 'Account', rows: 3 },
    { kind: 'schema', event: 'field hidden', sobject: 'Account', detail: 'Region__c' },
    { kind: 'problem', event: 'began', sobject: 'Account', detail: 'counts', code: 'DATA-03' },
    { kind: 'problem', event: 'ended', sobject: 'Account', detail: 'counts' },
    { kind: 'state', event: 'rows missing', sobject: 'Account', rows: 12_480 },
    { kind: 'credential', event: 'refused', code: 'SF-01' },
    { kind: 'credential', event: 'replaced' },
    { kind: 'destination', event: 'replaced' },
    { kind: 'org', event: 'moved', code: 'ORG-03', detail: 'acme-2.my.salesforce.com' },
    { kind: 'org', event: 'API version', detail: '64.0' },
    { kind: 'org', event: 'API version', detail: '65.0', code: 'VER-02' },
    { kind: 'state', event: 'removed', sobject: 'Account' },
  ];
  for (const fact of facts) {
    recordActivity(control, sync.id, fact);
    await control.activity.flush();
  }
  const read = async (query = ''): Promise<Pages> => {
    const { status, body } = await api.ask('GET', `/api/v1/syncs/acme/activity?${query}`);
    assert.equal(status, 200, JSON.stringify(body));
    return { items: body.items as ActivityView[], next: body.next as string | null };
  };
  assert.deepEqual(
    (await read()).items.toReversed().map(({ says }) => says),
    [
      'The sync is running',
      'Account is backfilling',
      'Account is current, was backfilling',
      'Every object is copied, 1 row',
      'Account: a check found 3 rows that were stale, and repaired them',
      'Account: field hidden (Region__c)',
      'Account: counts does not work: DATA-03 Incomplete answer discarded',
      'Account: counts works again',
      'Account: 12,480 rows no longer visible in Salesforce, kept until you decide',
      'A sign-in was refused: SF-01 Salesforce no longer accepts the sign-in',
      'The credential was replaced',
      'The mirror is reached at another address',
      'The org is at acme-2.my.salesforce.com: ORG-03 The org has a new address',
      'The sync uses version 64.0 of the API',
      'The sync uses version 65.0 of the API: VER-02 The API version was retired',
      'Account is removed, was rows missing',
    ],
  );
  const pages = await idsInPages(read);
  assert.deepEqual(
    pages,
    (await read()).items.map(({ id }) => id),
  );
  assert.equal((await read('object=account')).items.length, 8);
  assert.equal((await read('kind=problem')).items.length, 2);
  assert.deepEqual(
    (await read('only=needs-person')).items.map(({ event }) => event),
    ['refused', 'rows missing'],
  );
  assert.equal((await read(`newer_than=${pages[2]}`)).items.length, 2);
  assert.equal((await api.ask('GET', '/api/v1/syncs/other/activity')).body.items?.toString(), '');
  assert.equal((await api.ask('GET', '/api/v1/syncs/acme/activity?kind=other')).status, 400);
});

test('who pauses and resumes a sync, and who changes what else, is told in its activity', async () => {
  await using api = await withSyncs(['acme']);
  const { body: made } = await api.ask('POST', '/api/v1/api-keys', { name: 'deploy', scope: 'write' });
  const asKey = { authorization: `Bearer ${String(made.key)}` };
  assert.equal((await api.ask('PATCH', '/api/v1/syncs/acme', { paused: true }, asKey)).status, 200);
  assert.equal((await api.ask('PATCH', '/api/v1/syncs/acme', { paused: false })).status, 200);
  const { body } = await api.ask('GET', '/api/v1/syncs/acme/activity');
  assert.deepEqual(
    (body.items as ActivityView[]).map(({ who, says }) => [who, says]),
    [
      ['this machine', 'The sync is resumed, was paused (by this machine)'],
      ['key deploy', 'The sync is paused (by key deploy)'],
    ],
  );
});

test('activity is narrowed to a code and to the time before another', async () => {
  await using api = await withSyncs(['acme']);
  const { control } = api.control;
  const sync = await findSync(control, 'acme');
  assert(sync);
  recordActivity(control, sync.id, { kind: 'credential', event: 'refused', code: 'SF-01' });
  recordActivity(control, sync.id, { kind: 'credential', event: 'replaced' });
  const count = async (query: string) => {
    const { status, body } = await api.ask('GET', `/api/v1/syncs/acme/activity?${query}`);
    return status === 200 ? (body.items as unknown[]).length : status;
  };
  assert.equal(await count(''), 2);
  assert.equal(await count('code=SF-01'), 1);
  assert.equal(await count('code=SF-02'), 0);
  assert.equal(await count('code=sf'), 400);
  assert.equal(await count('until=2020-01-01T00:00:00Z'), 0);
  assert.equal(await count('until=2999-01-01T00:00:00Z&code=SF-01'), 1);
});

test('a change of an object or its fields is told with what was done about it', async () => {
  await using api = await withSyncs(['acme']);
  const { control } = api.control;
  const sync = await findSync(control, 'acme');
  assert(sync);
  recordActivity(control, sync.id, {
    kind: 'schema',
    event: 'field added',
    sobject: 'Account',
    detail: 'A__c',
  });
  recordActivity(control, sync.id, { kind: 'schema', event: 'of a later version', sobject: 'Account' });
  recordActivity(control, sync.id, { kind: 'credential', event: 'replaced' });
  const { body } = await api.ask('GET', '/api/v1/syncs/acme/activity');
  assert.deepEqual(
    new Map((body.items as ActivityView[]).map(({ event, done }) => [event, done])),
    new Map([
      ['field added', 'A column was made, and is filled: all records are read again.'],
      ['of a later version', null],
      ['replaced', null],
    ]),
  );
});
