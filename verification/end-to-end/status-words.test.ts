/** What `status` says of a sync and when `--check` passes, without a server. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { maxReadAgeMs, statusText, timeOf, timeSince } from 'lockstep/cli/testing';
import type { Health, Sync } from 'lockstep/control';
import { Fault } from 'lockstep/core/faults';
import { openBackfillRates } from 'lockstep/operations/backfill-rates';
import { objectView } from 'lockstep/operations/object-view';
import type { ObjectStatus } from 'lockstep/operations/read-objects';
import { checkHealth, type SyncStatus, statusOf } from 'lockstep/operations/sync-status';
import { syncView } from 'lockstep/operations/sync-view';

const now = timeOf('2026-11-24 09:37:00+00');
const running: Health = { hasWorker: true, fault: null };
const acme = {
  name: 'acme',
  id: 's1',
  orgId: '00D1',
  paused: false,
  isDeleting: false,
  isRecopying: false,
  intervalMs: 3_000,
  sobjects: [],
  leaving: [],
  leftOut: [],
  apiVersion: '62.0',
  destination: { tableSchema: 'salesforce' },
} as unknown as Sync;

const object = (change: Partial<ObjectStatus> = {}): ObjectStatus => ({
  sobject: 'Contact',
  table_name: 'contact',
  state: 'current',
  rows: 118_300,
  rows_expected: 118_300,
  backfill_percent: 100,
  backfill_by: null,
  backfill_reason: null,
  read_until: '2026-11-24 09:36:55+00',
  settled_until: '2026-11-24 09:22:00+00',
  counts_verified_at: null,
  stamps_verified_at: null,
  content_verified_at: null,
  missing_rows: 0,
  set_aside_rows: 0,
  stop_code: null,
  stop_reason: null,
  problems: [],
  hidden_fields: [],
  fields_without_value: [],
  ...change,
});

const problem = (kind: string) => ({
  sobject: 'Contact',
  kind,
  code: 'DB-15',
  explanation: 'A table refuses its rows. It did.',
  next: 'Look for locks.',
  since: '2026-11-24 09:12:00+00',
  tries: 4,
  retry_at: '2026-11-24 09:37:30+00',
});
const failing = object({ problems: [problem('poll')] });
const withGaps = object({ sobject: 'Lead', set_aside_rows: 3 });
const unproven = object({ sobject: 'Task', problems: [{ ...problem('counts'), sobject: 'Task' }] });

const see = (objects: readonly ObjectStatus[], health: Health = running, unread: Fault | null = null) =>
  statusOf(acme, health, { objects, now, unread });
const whyNotWell = (seen: SyncStatus, maxAgeMs: number) => checkHealth(seen, maxAgeMs).reasons;
const reasonsOf = (...args: Parameters<typeof see>) => whyNotWell(see(...args), Infinity);
/** As the command prints what the API says. */
const asText = (seen: SyncStatus) =>
  statusText(
    syncView(seen, { proxyUrl: undefined, mirrorUrl: 'postgres://127.0.0.1/mirror' }),
    seen.objects.map((one) => objectView(one, seen)),
    now,
  );

test('a sync whose objects are all read, complete and without problems is healthy', () => {
  assert.equal(
    see([object()]).headline,
    'Live. Every object is at most 5 s behind Salesforce; counts are compared once a day',
  );
  assert.deepEqual(reasonsOf([object()]), []);
});

test('that an API version ends is said in every state, below the headline', () => {
  const later = timeOf('2027-07-01 00:00:00+00');
  const sync = { ...acme, apiVersion: '38.0' };
  const fresh = { read_until: '2027-06-30 23:59:55+00' };
  const mirror = (objects: ObjectStatus[], unread: Fault | null = null) => ({ objects, now: later, unread });
  const seen = [
    statusOf(sync, running, mirror([object(fresh)])),
    statusOf(sync, running, mirror([object({ ...fresh, state: 'backfilling' })])),
    statusOf(sync, running, mirror([object({ ...fresh, set_aside_rows: 3 })])),
    statusOf(sync, running, mirror([], new Fault('DB-02', { host: 'db', reason: 'ECONNREFUSED' }))),
    statusOf({ ...sync, paused: true }, running, mirror([object(fresh)])),
    statusOf(sync, { hasWorker: false, fault: null }, mirror([object(fresh)])),
  ];
  assert.deepEqual(
    seen.map(({ state }) => state),
    ['live', 'backfilling', 'live', 'database_unreachable', 'paused', 'not_running'],
  );
  const ends = "Salesforce stops serving API version 38.0, which it uses, in Summer '28.";
  for (const { state, lines } of seen) assert.ok(lines.includes(ends), state);
});

test('the headline is the worst finding, with its reason and next step, and the rest follows', () => {
  const text = asText(see([withGaps, unproven, failing]));
  const [headline, reason, next, more] = text.split('\n').map((line) => line.trim());
  assert.equal(
    headline,
    'acme  Catching up: Contact: changes have not been read since 09:12:00 UTC (4 tries, next in 30 s). 2 of 3 objects are current',
  );
  assert.equal(reason, 'DB-15: A table refuses its rows. It did.');
  assert.equal(next, 'next: Look for locks.');
  assert.equal(more, 'and 2 more findings below');
  assert.match(text, /^Contact +Behind /m);
  assert.match(text, /^Lead +With gaps /m);
  assert.match(text, /^Task +Current /m);
  const gaps = text.indexOf('\n3 records of Lead are set aside\n');
  const counts = text.indexOf('\nTask: its counts have not been compared since');
  assert.ok(gaps > 0 && counts > gaps, text);
  assert.match(text, /next: lockstep objects set-aside Lead/);
});

test('each kind of problem outranks the kinds below it', () => {
  const ranked = [
    object({ state: 'stopped', stop_code: 'PERM-02', stop_reason: 'Refused.' }),
    object({ state: 'rows missing', missing_rows: 40 }),
    failing,
    object({ read_until: '2026-11-24 09:30:00+00' }),
    withGaps,
    object({
      hidden_fields: [
        {
          sobject: 'Contact',
          field: 'A__c',
          column_name: 'a__c',
          hidden_since: '2026-11-23 08:00:00+00',
          is_filling: false,
          replaces: null,
        },
      ],
    }),
    unproven,
  ];
  const headlines = ranked.map((_, place) => see(ranked.slice(place).toReversed()).headline);
  const fresh = 'Every object is at most 5 s behind Salesforce; counts are compared once a day';
  assert.deepEqual(headlines, [
    'Partly working: Contact is stopped. 3 of 7 objects are current',
    'Partly working: 40 rows of Contact are no longer visible in Salesforce. 3 of 6 objects are current',
    'Catching up: Contact: changes have not been read since 09:12:00 UTC (4 tries, next in 30 s). 3 of 5 objects are current',
    'Catching up: Contact was last read 7 min ago. 3 of 4 objects are current',
    `Live, with 3 records set aside in Lead. ${fresh}`,
    `Live. ${fresh}. 1 field of Contact is hidden from the sync's user`,
    `Live. ${fresh}. Task: its counts have not been compared since 09:12:00 UTC (4 tries, next in 30 s)`,
  ]);
  const isUnhealthy = ranked.map((one) => reasonsOf([one]).length > 0);
  assert.deepEqual(isUnhealthy, [true, true, true, true, true, false, false]);
});

test('a problem that keeps a table from being fresh is unhealthy, one that only prevents a check is just reported', () => {
  const isUnhealthy = (kind: string) => reasonsOf([object({ problems: [problem(kind)] })]).length > 0;
  assert.deepEqual(['poll', 'table', 'backfill', 're-read'].map(isUnhealthy), [true, true, true, true]);
  assert.deepEqual(['sweep', 'counts', 'content', 'deleted log', 'schema'].map(isUnhealthy), [
    false,
    false,
    false,
    false,
    false,
  ]);
  assert.equal(isUnhealthy('of a later version'), true);
});

test('an object is behind after ten of its turns, a minute at least, if the sync runs and its backfill is complete', () => {
  assert.deepEqual(
    [1, 5, 6, 20].map((objects) => maxReadAgeMs({ intervalMs: 20_000 }, objects)),
    [200_000, 200_000, 400_000, 800_000],
  );
  assert.equal(maxReadAgeMs({ intervalMs: 500 }, 8), 60_000);
  const old = object({ read_until: '2026-11-24 09:35:59+00' });
  assert.equal(see([object({ read_until: '2026-11-24 09:36:01+00' })]).findings.length, 0);
  assert.equal(see([old]).findings[0]?.severity, 'behind');
  assert.equal(see([old], { hasWorker: false, fault: null }).findings.length, 0);
  assert.equal(
    see([{ ...old, problems: [problem('poll')] }]).findings.length,
    1,
    'the problem already says it',
  );
  const begun = { read_until: '2026-11-24 09:20:00+00', settled_until: '2026-11-24 09:20:00+00' };
  assert.equal(see([object(begun)]).findings.length, 0, 'a table is polled right after its backfill');
  const copying = object({ state: 'backfilling', read_until: null, settled_until: null });
  assert.equal(see([copying]).headline, 'Backfill. 118,300 of about 118,300 records (100 %)');
  assert.deepEqual(reasonsOf([copying]), ['acme: Contact: Backfill']);
});

test('what stops the whole sync comes before the findings of its objects, which are still reported', () => {
  const fault = {
    code: 'NET-01',
    says: 'Salesforce does not answer.',
    next: 'Wait.',
    since: '2026-11-24T09:36:12Z',
    retryAt: '2026-11-24T09:37:12Z',
  };
  const text = asText(see([withGaps], { hasWorker: true, fault }));
  assert.match(text, /^acme {2}Salesforce not answering since 09:36:12 UTC/);
  assert.match(text, /^3 records of Lead are set aside$/m);
  const reasons = reasonsOf([withGaps], {
    hasWorker: true,
    fault: { ...fault, code: 'KEY-03', says: 'Altered.' },
  });
  assert.equal(reasons[0], 'acme: Locked: KEY-03 Altered.');
  assert.match(reasons[1] ?? '', /^acme: 3 records of Lead are set aside\. PostgreSQL refuses them/);
});

test('a mirror that cannot be read is reported in place of its objects, and is not healthy', () => {
  const seen = see([], running, new Fault('KEY-02', { reason: 'abc' }));
  assert.match(
    asText(seen),
    /^acme {2}Its mirror cannot be read from here: KEY-02\n +KEY-02: Wrong encryption key.*\n +next: Set that key/,
  );
  assert.deepEqual(whyNotWell(seen, Infinity), ['acme: Its mirror cannot be read from here: KEY-02']);
});

test('an object without a time field counts as old only if a maximum age is given', () => {
  const timeless = see([object({ read_until: null })]);
  assert.deepEqual(whyNotWell(timeless, Infinity), []);
  assert.deepEqual(whyNotWell(timeless, 60_000), ['acme: Contact: read –']);
});

test('what stops a sync is said with its reason, its next step, and how old its tables are', () => {
  const fault = {
    code: 'ORG-04',
    says: 'Not a Salesforce address.',
    next: 'Use another.',
    since: '2026-11-24T09:36:12Z',
    retryAt: '2026-11-24T09:37:12Z',
  };
  const old = object({ read_until: '2026-11-24 04:00:00+00' });
  const asOf = 'The tables show Salesforce as of 5 h ago';
  const headline = (change: Partial<Sync>, health: Health, objects = [old]) =>
    statusOf({ ...acme, ...change }, health, { objects, now, unread: null }).headline;
  assert.equal(
    headline({}, { hasWorker: false, fault }),
    `Not running: no Lockstep process is running this sync. ${asOf}`,
  );
  assert.equal(
    headline({ paused: true }, { hasWorker: false, fault }),
    `Paused: the mirror stays as it is. ${asOf}`,
  );
  assert.match(
    headline({ paused: true, isDeleting: true }, running),
    /^Being deleted, unless that was interrupted/,
  );
  assert.match(headline({ paused: true, isRecopying: true }, running), /^Starting: its tables are emptied/);
  assert.equal(headline({}, running, []), 'Starting, one request every 3 s');
  const waiting = see([old], { hasWorker: true, fault });
  assert.equal(waiting.headline, `Your decision needed since 09:36:12 UTC, next try in 12 s. ${asOf}`);
  assert.deepEqual(waiting.lines, ['ORG-04: Not a Salesforce address.', 'next: Use another.']);
  const keyFault = { ...fault, code: 'KEY-03', says: 'Sealed value was moved or altered.' };
  const locked = see([old], { hasWorker: true, fault: keyFault });
  assert.equal(locked.headline, 'Locked: KEY-03 Sealed value was moved or altered.');
  assert.equal(locked.lines[0], 'next: Use another.');
  assert.equal(timeSince('2026-11-24 09:36:59.5+00', now), '1 s ago');
  assert.equal(timeSince('2026-11-24 09:00:00+00', now), '37 min ago');
});

test('a backfill says how much has come, how long the rest will take, and what can be used already', () => {
  const rates = openBackfillRates();
  const at = (seconds: number, rows: number) =>
    statusOf(
      acme,
      running,
      {
        objects: [
          object({
            state: 'backfilling',
            rows,
            rows_expected: 600_000,
            backfill_percent: 1,
            read_until: null,
          }),
          object({ sobject: 'Account', rows: 100_000, read_until: null }),
          object({ sobject: 'User', rows: 0, read_until: null }),
        ],
        now: now + seconds * 1_000,
        unread: null,
      },
      { rates, orgUse: null },
    );
  const backfillOf = (seen: SyncStatus) => objectView(seen.objects[0] ?? assert.fail(), seen).backfill;
  const first = at(0, 0);
  assert.match(
    first.headline,
    /^Backfill\. 100,000 of about 700,000 records \(14 %\); Account and User can be used now$/,
  );
  assert.deepEqual(backfillOf(first), { rows_per_minute: null, seconds_left: null, time_left: 'Measuring' });
  for (const seconds of [20, 40]) at(seconds, seconds * 50);
  const later = at(60, 3_000);
  assert.match(later.headline, /, about 3 h 20 min left; Account and User can be used now$/);
  assert.deepEqual(backfillOf(later), {
    rows_per_minute: 3_000,
    seconds_left: 11_940,
    time_left: 'about 3 h 20 min',
  });
});
