/** A table for each standard object of API version 64, and records with values at the edges of each field's type. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openDestinationHarness, pageOf } from '@lockstep/harness/destination';
import { fieldLists } from '@lockstep/harness/recorded-describes';
import { noRecordings } from '@lockstep/harness/recorded-fixtures';
import { type TypedRecord, typedRecords } from '@lockstep/harness/typed-records';
import { unreadableBecause } from '../core/describe.ts';

const skip = noRecordings;

test('each standard object that can be read page by page becomes a table that shows its values', {
  skip,
}, async (t) => {
  const listed = fieldLists();
  const describes = listed.filter((describe) => unreadableBecause(describe) === null);
  t.diagnostic(`${describes.length} of ${listed.length} objects can be read page by page`);
  assert.ok(listed.length > 750 && describes.length > 650, 'the recording is complete');
  await using harness = await openDestinationHarness({ describes });
  for (const [place, describe] of describes.entries()) {
    const all = typedRecords(describe);
    const records = [all[place % all.length] as TypedRecord]; // one of each object is enough for all values
    const page = pageOf(records.map(({ json }) => json));
    const { applied } = await harness.apply(page, { sobject: describe.name });
    assert.equal(applied, records.length, describe.name);
    const expected = records.map(({ row }) => row);
    assert.deepEqual(await harness.rows(describe.name), expected, describe.name);
  }
});
