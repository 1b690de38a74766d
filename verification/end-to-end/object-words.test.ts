import assert from 'node:assert/strict';
import { test } from 'node:test';
import { objectsText, parseDuration, timeOf, usageText } from 'lockstep/cli/testing';
import { RequestError } from 'lockstep/core/request-error';
import { chosenObjects, chosenRecords } from 'lockstep/operations/chosen-objects';
import { findingsOf, isHealthy } from 'lockstep/operations/findings';
import { objectStateOf } from 'lockstep/operations/object-state';
import { objectView } from 'lockstep/operations/object-view';
import { type ObjectStatus, stopReasonOf } from 'lockstep/operations/read-objects';
import { usageView } from 'lockstep/operations/usage-view';

/** What the commands about objects and usage accept and print, without a server. */

const acme = { name: 'acme', sobjects: ['Account', 'Contact', 'Invoice__c'] };
const failsWith = (message: RegExp, kind: string, next: RegExp) => (error: unknown) => {
  assert.ok(error instanceof RequestError);
  assert.match(error.message, message);
  assert.equal(error.kind, kind);
  assert.match(error.next, next);
  return true;
};

test('objects are found in any case, each once, in the order in which they were named', () => {
  assert.deepEqual(chosenObjects(acme, ['invoice__C', 'ACCOUNT', 'account']), ['Invoice__c', 'Account']);
  assert.deepEqual(chosenObjects(acme, []), []);
});

test('objects that the sync does not mirror are all named at once, with similar names', () => {
  assert.throws(
    () => chosenObjects(acme, ['Acount', 'Account', 'Lead']),
    failsWith(
      /acme does not mirror "Acount" \(near: Account\), "Lead"$/,
      'not found',
      /Account, Contact, Invoice__c/,
    ),
  );
});

test('Ids of 15 and 18 characters are the same record', () => {
  assert.deepEqual(chosenRecords(['001B000000kyA8t', '001B000000kyA8tIAE'], 'help'), ['001B000000kyA8tIAE']);
});

test('a word that is not an Id is refused, and so is an Id that has lost its case', () => {
  const wrong = ['001', '001B000000kyA8!', '001b000000kya8tIAE', '001B000000kyA8tIA', ''];
  for (const word of wrong) {
    assert.throws(
      () => chosenRecords([word, '001B000000kyA8t'], 'help'),
      failsWith(/Not a record Id: "/, 'usage', /help/),
    );
  }
});

test('a time is a number with its unit', () => {
  assert.deepEqual(['250ms', '60s', '1.5m', '2h'].map(parseDuration), [250, 60_000, 90_000, 7_200_000]);
  assert.deepEqual(
    ['60', '-1s', '1d', 's', '', '1e3s'].map(parseDuration),
    Array.from({ length: 6 }, () => undefined),
  );
});

const object = (change: Partial<ObjectStatus> = {}): ObjectStatus => ({
  sobject: 'Contact',
  table_name: 'contact',
  state: 'current',
  rows: 118_300,
  rows_expected: 118_300,
  read_until: '2026-11-24 09:36:55+00',
  settled_until: '2026-11-24 09:22:00+00',
  counts_verified_at: '2026-11-24 09:00:00+00',
  stamps_verified_at: null,
  content_verified_at: null,
  backfill_percent: 100,
  backfill_by: null,
  backfill_reason: null,
  missing_rows: 0,
  set_aside_rows: 0,
  problems: [],
  hidden_fields: [],
  fields_without_value: [],
  stop_code: null,
  stop_reason: null,
  ...change,
});
const now = timeOf('2026-11-24 09:37:00+00');
const surroundings = (at: number) => ({
  state: 'live' as const,
  health: { hasWorker: true, fault: null },
  targetMs: 60_000,
  now: at,
});
const seenOf = (one: ObjectStatus, at: number) => ({
  ...one,
  seenState: objectStateOf(one, { isPaused: false, targetMs: 60_000, now: at }),
  rowsPerMinute: null,
});
const listText = (objects: readonly ObjectStatus[], at: number) => {
  const findings = findingsOf({ name: 'acme', intervalMs: 3_000 }, objects, at, null);
  return objectsText(
    {
      mirror: { url: 'postgres://127.0.0.1/d', table_schema: 'salesforce', kind: 'private', tunnel: null },
      findings: findings.map((one) => ({ ...one, is_healthy: isHealthy(one) })),
    },
    objects.map((one) => objectView(seenOf(one, at), surroundings(at))),
    at,
  );
};

test('the list of objects says how fresh and how well proven each table is', () => {
  assert.match(
    listText([object()], now),
    /^Contact +salesforce\.contact +Current +118,300 +5 s ago +15 min ago +37 min ago +– +– +– +–$/m,
  );
});

test('missing rows are shown with the two possible decisions', () => {
  const text = listText([object({ state: 'rows missing', missing_rows: 12_480 })], now);
  assert.match(text, /Rows missing .* 12,480 +–$/m);
  assert.match(
    text,
    /12,480 rows of Contact are no longer visible in Salesforce\n +PERM-05: .*12480 rows of Contact.*None was removed from the mirror/,
  );
  assert.match(text, /next: .*objects missing --keep Contact; .*objects missing --remove Contact/);
});

test('a stopped object is shown with its code, its reason and what to do', () => {
  const because = 'The object cannot be read. Salesforce refuses Contact (INVALID_TYPE).';
  const stopped = object({ state: 'stopped', stop_code: 'PERM-02', stop_reason: because });
  const text = listText([stopped], now);
  assert.match(text, /Contact is stopped\n +PERM-02: The object cannot be read\. Salesforce refuses Contact/);
  assert.match(text, /next: Give the sync's user read access/);
});

test('a stop without a stored reason is explained by the catalogue, and an unknown one by its code', () => {
  const says = (code: string) => stopReasonOf({ stop_code: code, stop_reason: null });
  assert.equal(says('PERM-02')?.says, 'The object cannot be read');
  assert.deepEqual(says('NEW-01'), {
    code: 'NEW-01',
    says: '',
    next: 'A newer Lockstep than this one explains it: lockstep help NEW-01',
  });
  assert.equal(stopReasonOf({ stop_code: null, stop_reason: null }), null);
});

test('an org that by Salesforce’s answer has no requests is at its limit', () => {
  const org = { used: 0, max: 0, recordedAt: '2026-11-24T09:36:00Z' };
  const shares = { objects: [], proxied: 0, total: 0 };
  const text = usageText(
    'acme',
    usageView({ stopAtPercent: 90 }, { purposes: [], queries: [], shares, org }, now),
  );
  assert.match(text, /0 of 0 requests of 24 h \(100 %\).*as of 60 s ago/);
  assert.match(text, /LIM-02/);
});
