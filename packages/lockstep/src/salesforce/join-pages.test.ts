import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RecordId } from '../core/ids.ts';
import type { Page } from '../core/page.ts';
import { joinPages } from './join-pages.ts';

const idOf = (nth: number) => `00100000000000${nth}AAA` as RecordId;
const at = (second: number) => `2026-11-24T08:00:0${second}.000+0000`;

/** A page of one part of records, each given by its number and the second of its stamp. */
function part(
  field: string,
  records: readonly (readonly [nth: number, second: number])[],
  done = true,
): Page {
  const last = records.at(-1);
  return {
    records: JSON.stringify(
      records.map(([nth, second]) => ({ Id: idOf(nth), SystemModstamp: at(second), [field]: nth + 0.5 })),
    ),
    count: records.length,
    last: last ? { id: idOf(last[0]), stamp: at(last[1]) } : null,
    lastId: last ? idOf(last[0]) : null,
    done,
    unstorable: [],
    nulsRemoved: 0,
  };
}

const fieldsOf = ({ records }: Page) =>
  (JSON.parse(records) as Record<string, unknown>[]).map(({ Id, A__c, B__c }) => [Id, A__c, B__c]);

test('parts of records with the same stamp are one page', () => {
  const records = [
    [1, 1],
    [2, 1],
    [3, 2],
  ] as const;
  const page = joinPages([part('A__c', records), part('B__c', records)]);
  assert.deepEqual(
    fieldsOf(page),
    [1, 2, 3].map((nth) => [idOf(nth), nth + 0.5, nth + 0.5]),
  );
  assert.deepEqual([page.count, page.lastId, page.done, page.torn], [3, idOf(3), true, undefined]);
  assert.deepEqual(page.last, { id: idOf(3), stamp: at(2) });
});

test('a record whose parts differ in their stamp is torn, and the page is not done', () => {
  const page = joinPages([
    part('A__c', [
      [1, 1],
      [2, 1],
      [3, 1],
    ]),
    part('B__c', [
      [1, 1],
      [2, 9],
      [3, 1],
    ]),
  ]);
  assert.deepEqual(
    fieldsOf(page).map(([id]) => id),
    [idOf(1), idOf(3)],
  );
  assert.deepEqual([page.torn, page.count, page.done], [[idOf(2)], 2, false]);
});

test('a record that only one of the pages has is torn', () => {
  const page = joinPages([
    part('A__c', [
      [1, 1],
      [2, 1],
      [4, 1],
    ]),
    part('B__c', [
      [1, 1],
      [3, 1],
      [4, 1],
    ]),
  ]);
  assert.deepEqual(
    fieldsOf(page).map(([id]) => id),
    [idOf(1), idOf(4)],
  );
  assert.deepEqual([page.torn, page.done], [[idOf(2), idOf(3)], false]);
});

test('of pages that end in different places the shortest counts, and what is beyond comes with the next page', () => {
  const page = joinPages([
    part(
      'A__c',
      [
        [1, 1],
        [2, 1],
      ],
      false,
    ),
    part('B__c', [
      [1, 1],
      [2, 1],
      [3, 1],
      [4, 1],
    ]),
  ]);
  assert.deepEqual(
    fieldsOf(page).map(([id]) => id),
    [idOf(1), idOf(2)],
  );
  assert.deepEqual([page.lastId, page.done, page.torn], [idOf(2), false, undefined]);
});

test('pages without a common end are refused, and empty pages are an empty page', () => {
  assert.throws(() => joinPages([part('A__c', [[1, 1]]), part('B__c', [[2, 1]])]), { code: 'DATA-03' });
  assert.throws(() => joinPages([part('A__c', [[1, 1]]), part('B__c', [])]), { code: 'DATA-03' });
  assert.deepEqual(joinPages([part('A__c', []), part('B__c', [])]), part('A__c', []));
});

test('a record of which PostgreSQL refuses a part is set aside', () => {
  const text = `{"Id":"${idOf(2)}"}`;
  const refused = {
    ...part('A__c', [[1, 1]]),
    count: 2,
    lastId: idOf(1),
    unstorable: [{ id: idOf(2), text }],
  };
  const page = joinPages([
    refused,
    part('B__c', [
      [1, 1],
      [2, 1],
    ]),
  ]);
  assert.deepEqual([page.count, page.lastId, page.done], [1, idOf(1), false], 'it comes with the next page');
  const whole = joinPages([
    { ...refused, lastId: idOf(2) },
    part('B__c', [
      [1, 1],
      [2, 1],
    ]),
  ]);
  assert.deepEqual([whole.unstorable, whole.count, whole.torn], [[{ id: idOf(2), text }], 2, undefined]);
});

test('numbers keep their digits', () => {
  const text = (field: string, value: string) =>
    `[{"Id":"${idOf(1)}","SystemModstamp":"${at(1)}","${field}":${value}}]`;
  const [a, b] = [part('A__c', [[1, 1]]), part('B__c', [[1, 1]])];
  const page = joinPages([
    { ...a, records: text('A__c', '9007199254740993.10') },
    { ...b, records: text('B__c', '1.0e+2') },
  ]);
  assert.match(page.records, /"A__c":9007199254740993\.10/);
  assert.match(page.records, /"B__c":1\.0e\+2/);
});
