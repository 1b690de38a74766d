/** A table for each object that a real org has described completely, and records with values at the edges of each type. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openDestinationHarness, pageOf } from '@lockstep/harness/destination';
import { completeDescribes } from '@lockstep/harness/recorded-describes';
import { noRecordings } from '@lockstep/harness/recorded-fixtures';
import { typedRecords } from '@lockstep/harness/typed-records';

const skip = noRecordings;

test('each object that an org described completely becomes a table that shows its values', {
  skip,
}, async () => {
  const describes = completeDescribes();
  assert.equal(describes.length, 9);
  await using harness = await openDestinationHarness({ describes });
  for (const describe of describes) {
    const records = typedRecords(describe);
    const page = pageOf(records.map(({ json }) => json));
    const { applied } = await harness.apply(page, { sobject: describe.name });
    assert.equal(applied, records.length, describe.name);
    const expected = records.map(({ row }) => row);
    assert.deepEqual(await harness.rows(describe.name), expected, describe.name);
  }
});
