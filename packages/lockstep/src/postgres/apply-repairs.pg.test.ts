/** Which changes a check records as repairs, and of what kind. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import {
  type DestinationHarness,
  idOf,
  openDestinationHarness,
  record,
  stampAt,
} from '@lockstep/harness/destination';

/** The check began so many seconds after the records' first stamps; what is newer is still on its way to the mirror. */
const checkedSeconds = 50;

interface Case {
  what: string;
  /** As the mirror has it; absent: it has no row. */
  row?: object;
  /** Why the record is marked, if it is. */
  mark?: string;
  /** As the check reads it; absent: its Id was requested and did not come. */
  read?: object;
  kind: string | null;
}

const cases: readonly Case[] = [
  { what: 'a deletion in the log', row: {}, mark: 'deleted log', read: { IsDeleted: true }, kind: 'deleted' },
  {
    what: 'a deletion found by a sweep',
    row: {},
    mark: 'absent',
    read: { IsDeleted: true },
    kind: 'deleted',
  },
  { what: 'a record that nobody sees any more', row: {}, mark: 'absent', kind: 'no longer visible' },
  { what: 'a removal that a person accepted', row: {}, mark: 'accepted', kind: 'no longer visible' },
  { what: 'a deletion that a poll would have found', row: {}, read: { IsDeleted: true }, kind: null },
  {
    what: 'a deletion found by another mark',
    row: {},
    mark: 'overlap',
    read: { IsDeleted: true },
    kind: null,
  },
  { what: 'a record without a row', read: {}, kind: 'missing' },
  {
    what: 'a record without a row that is newer than the check',
    read: { SystemModstamp: stampAt(checkedSeconds) },
    kind: null,
  },
  { what: 'a row with an older stamp', row: {}, read: { SystemModstamp: stampAt(20) }, kind: 'stale' },
  {
    what: 'a row with a stamp older than one that is newer than the check',
    row: {},
    read: { SystemModstamp: stampAt(checkedSeconds) },
    kind: null,
  },
  { what: 'a row that somebody edited', row: { Name: 'edited' }, read: {}, kind: 'edited' },
  { what: 'a formula with another value', row: { Total__c: 1 }, read: { Total__c: 2 }, kind: null },
  { what: 'a row that is as it should be', row: {}, read: {}, kind: null },
];

for (const [index, { what, row, mark, read, kind }] of cases.entries()) {
  test(`a check ${kind === null ? 'records no repair' : `records a repair, "${kind}",`} for ${what}`, async () => {
    await using harness = await openDestinationHarness({
      fields: { Name: 'string', Total__c: 'double formula' },
    });
    const number = index + 1;
    if (row) await harness.apply([record(number, row)]);
    if (mark !== undefined)
      await harness.db.query(sql`
        INSERT INTO _lockstep.dirty (stream_no, id, since_ticket, first_since_ticket, urgent, reason)
        VALUES (1, ${idOf(number)}, 0, 0, false, ${mark})`);

    await harness.apply(read ? [record(number, read)] : [], {
      absent: read ? [] : [idOf(number)],
      check: { before: Date.parse(stampAt(checkedSeconds)) / 1_000, at: 7 },
    });

    assert.deepEqual(
      await repairs(harness),
      kind === null ? [] : [{ stream_no: 1, id: idOf(number), kind, found: 7 }],
    );
  });
}

const repairs = ({ db }: DestinationHarness) =>
  db.query(
    sql`SELECT stream_no, id, kind, extract(epoch FROM found_at)::integer AS found FROM _lockstep.repair`,
  );
