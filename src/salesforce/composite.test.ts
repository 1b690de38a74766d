import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { compositeOf, readComposite } from './composite.ts';

const dataPath = '/services/data/v62.0';

const query = (records: string, { done = true, totalSize = 1 } = {}) =>
  `{"totalSize":${totalSize},"done":${done},"records":${records}}`;

const answer = (...bodies: string[]) =>
  `{"compositeResponse":[${bodies
    .map((body, index) => `{"body":${body},"httpHeaders":{},"httpStatusCode":200,"referenceId":"q${index}"}`)
    .join(',')}]}`;

test('records are cut out as the text that Salesforce sent, digits and spaces included', () => {
  const records = '[ {"Id":"001000000000001AAA", "Amount__c" : 9007199254740993.10 ,"x":-0,"y":1.0e+2} ]';
  const [only] = readComposite(answer(query(records)), 1);
  assert.equal(only?.query?.records, records);
  assert.equal(only?.query?.count, 1);
  assert.equal(only?.query?.last, records.slice(2, -2));
});

test('an answer is read whatever its layout, order of keys and order of queries', () => {
  const bodies = fc.array(fc.array(fc.dictionary(fc.string(), fc.jsonValue())), {
    minLength: 1,
    maxLength: 5,
  });
  const shuffles = fc.infiniteStream(fc.nat());
  fc.assert(
    fc.property(bodies, shuffles, fc.constantFrom(undefined, 2), (pages, random, indent) => {
      const shuffled = <T>(list: T[]) => list.toSorted(() => (random.next().value ?? 0) - 2 ** 30);
      const object = (entries: [string, unknown][]) => Object.fromEntries(shuffled(entries));
      const elements = pages.map((records, index) =>
        object([
          ['referenceId', `q${index}`],
          ['httpStatusCode', 200],
          ['httpHeaders', { Location: '"]}' }],
          [
            'body',
            object([
              ['done', true],
              ['totalSize', index],
              ['records', records],
              ['nextRecordsUrl', null],
            ]),
          ],
        ]),
      );
      const text = JSON.stringify(
        object([
          ['more', [{}]],
          ['compositeResponse', shuffled(elements)],
        ]),
        null,
        indent,
      );
      const found = readComposite(text, pages.length);
      for (const [index, records] of pages.entries()) {
        const body = found[index]?.query;
        assert.deepEqual(JSON.parse(body?.records ?? ''), JSON.parse(JSON.stringify(records)));
        assert.equal(body?.count, records.length);
        assert.equal(body?.totalSize, index);
        if (body?.last) assert.deepEqual(JSON.parse(body.last), JSON.parse(JSON.stringify(records.at(-1))));
      }
    }),
  );
});

test('an answer cut short at any place is refused', () => {
  const text = answer(
    query('[{"Id":"001000000000001AAA","N":[1.5,null,{"a":"\\u00e9\\\\"}],"B":true}]'),
    '[{"a":1}]',
  );
  const refused = `${text.slice(0, -2).replace(/"httpStatusCode":200,"referenceId":"q1"/, '"httpStatusCode":400,"referenceId":"q1"')}]}`;
  assert.equal(readComposite(refused, 2).length, 2);
  for (let length = 0; length < refused.length; length++) {
    assert.throws(() => readComposite(refused.slice(0, length), 2), { code: 'DATA-03' }, `cut at ${length}`);
  }
});

const good = query('[]', { totalSize: 0 });
const wrong: Record<string, string> = {
  'is no object': '[]',
  'is an HTML page': '<html>Service unavailable</html>',
  'is an error in place of the answer': '[{"errorCode":"UNKNOWN_EXCEPTION","message":"x"}]',
  'has more text behind it': `${answer(good)}x`,
  'has no compositeResponse': '{}',
  'has fewer answers than queries': '{"compositeResponse":[]}',
  'has more answers than queries': answer(good, good),
  'names another query': answer(good).replace('"q0"', '"q1"'),
  'has no status': answer(good).replace('"httpStatusCode":200,', ''),
  'has a status in quotes': answer(good).replace('200', '"200"'),
  'has the records twice': answer('{"totalSize":0,"done":true,"records":[],"records":[]}'),
  'has done in quotes': answer('{"totalSize":0,"done":"true","records":[]}'),
  'has a totalSize in quotes': answer('{"totalSize":"0","done":true,"records":[]}'),
  'has a totalSize with a fraction': answer('{"totalSize":0.5,"done":true,"records":[]}'),
  'has records that are no array': answer('{"totalSize":0,"done":true,"records":{}}'),
  'has records that are no objects': answer('{"totalSize":1,"done":true,"records":[1]}'),
  'has no records': answer('{"totalSize":0,"done":true}'),
  'says 200 to an error body': answer('[{"errorCode":"INVALID_TYPE","message":"x"}]'),
  'has a raw NUL in a value': answer(query('[{"Id":"\u0000"}]')),
};

for (const [what, text] of Object.entries(wrong)) {
  test(`an answer that ${what} is thrown away`, () => {
    assert.throws(() => readComposite(text, 1), { code: 'DATA-03' });
  });
}

test('an answer that names one query twice is thrown away, even if none is missing', () => {
  const twice = answer(good, good, good).replace('"q2"', '"q1"');
  assert.throws(() => readComposite(twice, 2), { code: 'DATA-03' });
});

test('a query is percent-encoded, a reference in it is not', () => {
  const soql = "SELECT Id FROM A__c WHERE Id > '@{q0.records[1999].Id}' AND Name = 'é&+%@{x}#'";
  const text = compositeOf(
    [
      { soql: 'SELECT Id FROM A__c', includeDeleted: false },
      { soql, includeDeleted: true },
    ],
    dataPath,
  );
  const request = JSON.parse(text) as { compositeRequest: { url: string }[] };
  const [first, second] = request.compositeRequest.map(({ url }) => url);
  assert.equal(first, '/services/data/v62.0/query?q=SELECT%20Id%20FROM%20A__c');
  assert.match(
    second ?? '',
    /queryAll\?q=SELECT.*'@\{q0\.records\[1999\]\.Id\}'.*%C3%A9%26%2B%25%40%7Bx%7D%23'$/,
  );
  assert.equal(new URL(second ?? '', 'https://a').searchParams.get('q'), soql);
  assert.deepEqual(
    { ...request, compositeRequest: [] },
    {
      allOrNone: false,
      collateSubrequests: false,
      compositeRequest: [],
    },
  );
});

test('a sixth query is not sent', () => {
  const one = { soql: 'SELECT Id FROM Account', includeDeleted: false };
  assert.throws(() =>
    compositeOf(
      Array.from({ length: 6 }, () => one),
      dataPath,
    ),
  );
});
