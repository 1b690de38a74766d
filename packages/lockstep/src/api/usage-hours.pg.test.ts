import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withSyncs } from '@lockstep/harness/api-harness';
import type { UsageHourView } from '../contract/usage-hours.ts';
import { countQuery, countRequest, findSync, recordOrgUsage } from '../control/index.ts';

test('the requests of each hour are read in pages, with what the org has used', async () => {
  await using api = await withSyncs(['acme']);
  const { control } = api.control;
  const sync = await findSync(control, 'acme');
  assert(sync);
  for (const sobject of ['Account', 'Contact', 'Lead']) {
    countRequest(control, sync.id, 'poll');
    countQuery(control, sync.id, { sobject, kind: 'head', rows: 1, purpose: 'poll', share: 0.5 });
  }
  recordOrgUsage(control, sync.id, { used: 7, max: 15_000 });
  const items: UsageHourView[] = [];
  for (let after = ''; ; ) {
    const { status, body } = await api.ask('GET', `/api/v1/syncs/acme/usage/hours?limit=1${after}`);
    assert.equal(status, 200, JSON.stringify(body));
    items.push(...(body.items as UsageHourView[]));
    assert.deepEqual(
      (body.org as { used: number }[]).map(({ used }) => used),
      [7],
    );
    if (body.next === null) break;
    after = `&after=${body.next as string}`;
  }
  assert.deepEqual(
    items.map(({ purpose, object, requests }) => [purpose, object, requests]),
    [
      ['poll', null, 1.5],
      ['poll', 'Account', 0.5],
      ['poll', 'Contact', 0.5],
      ['poll', 'Lead', 0.5],
    ],
  );
  assert.equal(Date.parse(items[0]?.hour ?? '') % 3_600_000, 0);
  const anew = await api.ask('GET', '/api/v1/syncs/acme/usage/hours?after=bm9uZQ');
  assert.equal((anew.body.items as unknown[]).length, 4, 'an unknown place is the beginning');
});

test('the requests of a day are shared out among objects, programs at the proxy and the rest', async () => {
  await using api = await withSyncs(['acme']);
  const { control } = api.control;
  const sync = await findSync(control, 'acme');
  assert(sync);
  const sharesNow = async () => {
    const { status, body } = await api.ask('GET', '/api/v1/syncs/acme/usage');
    assert.equal(status, 200, JSON.stringify(body));
    return body.shares;
  };
  assert.deepEqual(await sharesNow(), { objects: [], proxied: 0, other: 0, total: 0, other_programs: null });
  for (const purpose of ['poll', 'poll', 'setup', 'proxy', 'proxy', 'proxy'])
    countRequest(control, sync.id, purpose);
  const query = { rows: 1, purpose: 'poll' };
  countQuery(control, sync.id, { ...query, sobject: 'Lead', kind: 'head', share: 0.5 });
  countQuery(control, sync.id, { ...query, sobject: 'Account', kind: 'head', share: 0.5 });
  countQuery(control, sync.id, { ...query, sobject: 'Account', kind: 'sweep', share: 1 });
  recordOrgUsage(control, sync.id, { used: 70, max: 15_000 });
  assert.deepEqual(await sharesNow(), {
    objects: [
      { sobject: 'Account', requests: 1.5 },
      { sobject: 'Lead', requests: 0.5 },
    ],
    proxied: 3,
    other: 1,
    total: 6,
    other_programs: 64,
  });
});
