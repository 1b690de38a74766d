import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '@lockstep/foundation/random';
import { corruptRows } from './torn-rows.ts';

const page =
  '{"totalSize":3,"done":true,"records":[{"Id":"a","N":1.10},{"Id":"b","N":2e8},{"Id":"c","N":3}]}';
const torn = (tear: Parameters<typeof corruptRows>[1], body = page) =>
  corruptRows(body, tear, seededRandom(7));
const records = (text: string) => text.slice(text.indexOf('['), text.lastIndexOf(']') + 1);

test('corrupting rows leaves the digits of numbers alone', () => {
  assert.equal(torn({}), page);
});

test('rows are repeated, missing at the end, or joined by a null, without any other sign in the page', () => {
  assert.equal(
    records(torn({ duplicate: 1, dropLast: 1 })),
    '[{"Id":"a","N":1.10},{"Id":"a","N":1.10},{"Id":"b","N":2e8}]',
  );
  assert.match(torn({ dropLast: 5 }), /^{"totalSize":3,"done":true,"records":\[\]}$/);
  assert.equal(
    records(torn({ dropLast: 1, nullRecord: true })),
    '[{"Id":"a","N":1.10},null,{"Id":"b","N":2e8}]',
  );
});

test('a shuffled page has the same rows in another order, by its seed', () => {
  const mixed = torn({ shuffle: true });
  assert.notEqual(mixed, page);
  assert.equal(torn({ shuffle: true }), mixed);
  for (const row of ['{"Id":"a","N":1.10}', '{"Id":"b","N":2e8}', '{"Id":"c","N":3}'])
    assert.ok(mixed.includes(row));
  assert.equal(mixed.length, page.length);
});

test('fields are added, changed, or of the wrong type', () => {
  assert.equal(
    records(torn({ extra: { New__c: 'x' }, wrongType: ['N'], replace: { Id: 'z', None: 1 }, dropLast: 2 })),
    '[{"Id":"z","N":[1.10],"New__c":"x"}]',
  );
});

test('a page that is not done names a next page', () => {
  assert.match(
    torn({ notDone: true }),
    /"done":false.*"nextRecordsUrl":"\/services\/data\/v62\.0\/query\/0r8/,
  );
});

test('a body that is not JSON stays as it is', () => {
  assert.equal(torn({ dropLast: 1, replace: { a: 1 } }, '<html>'), '<html>');
});

test('a list and a single object can be corrupted as well', () => {
  assert.equal(torn({ dropLast: 1 }, '[{"Id":"a"},{"Id":"b"}]'), '[{"Id":"a"}]');
  assert.equal(
    torn({ replace: { instance_url: 'x' } }, '{"instance_url":"y","n":1.0}'),
    '{"instance_url":"x","n":1.0}',
  );
});
