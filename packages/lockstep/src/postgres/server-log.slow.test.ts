/** What a server that logs as PostgreSQL does by default writes about records that it cannot store. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { idOf, openDestinationHarness, pageOf, record } from '@lockstep/harness/destination';
import { openOldestServer, openPlainServer } from '@lockstep/harness/plain-server';

/** A field of each type that can refuse a value, and values that only a cast would find out about. */
const misfits: readonly [type: string, ...values: unknown[]][] = [
  ['int', 4_815_162_342, '4815162342', 'canary-int', 4.815162342],
  ['long', '48151623424815162342'],
  ['double', 'canary-double', 'NaN', '4815162342e'],
  ['boolean', 'canary-boolean'],
  ['date', '4815-02-30', '4815-02-29', '4815-16-23', 'canary-date'],
  ['datetime', '4815-02-30T10:00:00.000+0000', '4815-16-23T10:00:00.000Z', '4815-01-01T10:00:00.000+1623'],
  ['time', '48:15:16.234Z', 'canary-time'],
];
const canary = /canary|4815|16:23|48:15/;

const fields = Object.fromEntries(misfits.map(([type]) => [`${type}__c`, type]));

const records = () => {
  const values = misfits.flatMap(([type, ...unfit]) => unfit.map((value) => [`${type}__c`, value] as const));
  return values.map(([field, value], number) => record(number, { [field]: value }));
};

for (const [version, open] of [
  ['the oldest PostgreSQL that a mirror can be in', openOldestServer],
  ['the newest PostgreSQL', openPlainServer],
] as const) {
  test(`no value that does not fit is in the log of ${version}`, async (t) => {
    await using server = await open();
    if (!server) return t.skip('it was not fetched: npm run clients');
    await using harness = await openDestinationHarness({
      fields: { ...fields, json__c: 'json' },
      server: server.url,
    });
    const bad = records();
    const tooLarge = JSON.stringify(record(bad.length)).replace(/\}$/, ',"json__c":4815e400000}');
    const surrogate = JSON.stringify(record(bad.length + 1, { Name: '\ud800 canary' }));
    const page = pageOf([record(100), ...bad, tooLarge, record(101)], {
      unstorable: [{ id: idOf(bad.length + 1), text: surrogate }],
    });
    const counts = await harness.apply(page);
    assert.deepEqual([counts.applied, counts.quarantined], [2, bad.length + 2]);
    const refused = sql`SELECT 'control'::date`;
    await assert.rejects(harness.db.query(refused), { code: '22007' });
    const log = await server.readLog();
    assert.match(log, /"control"/, 'the server logs its errors');
    assert.doesNotMatch(log, canary);
  });
}
