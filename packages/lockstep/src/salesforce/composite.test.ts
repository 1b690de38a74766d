import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertProperty } from '@lockstep/harness/property';
import * as fc from 'fast-check';
import { compositeOf, readComposite } from './composite.ts';
import { changedAtOf, conditionAfter } from './conditional.ts';

const dataPath = '/services/data/v62.0';

const query = (records: string, { done = true, totalSize = 1 } = {}) =>
  `{"totalSize":${totalSize},"done":${done},"records":${records}}`;

const answer = (...bodies: string[]) =>
  `{"compositeResponse":[${bodies
    .map((body, index) => `{"body":${body},"httpHeaders":{},"httpStatusCode":200,"referenceId":"q${index}"}`)
    .join(',')}]}`;

test('records are cut out as the text that Salesforce sent, digits and spaces included', () => {
  const records = '[ {"Id":"001000000000001AAA", "Amount__c" : 9007199254740993.10 ,"x":-0,"y":1.0e+2} ]';
  const [only] = readComposite(answer(query(records)), 1, 0).queries;
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
  assertProperty(
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
      const found = readComposite(text, pages.length, 0).queries;
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
  assert.equal(readComposite(refused, 2, 0).queries.length, 2);
  for (let length = 0; length < refused.length; length++) {
    assert.throws(
      () => readComposite(refused.slice(0, length), 2, 0),
      { code: 'DATA-03' },
      `cut at ${length}`,
    );
  }
});

const good = query('[]', { totalSize: 0 });
const wrong: Record<string, string> = {
  'is not an object': '[]',
  'is an HTML page': '<html>Service unavailable</html>',
  'is an error in place of the answer': '[{"errorCode":"UNKNOWN_EXCEPTION","message":"x"}]',
  'is followed by more text': `${answer(good)}x`,
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
  'has records that are not an array': answer('{"totalSize":0,"done":true,"records":{}}'),
  'has records that are not objects': answer('{"totalSize":1,"done":true,"records":[1]}'),
  'has a raw NUL in a value': answer(query('[{"Id":"\u0000"}]')),
};

for (const [what, text] of Object.entries(wrong)) {
  test(`an answer that ${what} is thrown away`, () => {
    assert.throws(() => readComposite(text, 1, 0), { code: 'DATA-03' });
  });
}

test('an answer that names one query twice is thrown away, even if none is missing', () => {
  const twice = answer(good, good, good).replace('"q2"', '"q1"');
  assert.throws(() => readComposite(twice, 2, 0), { code: 'DATA-03' });
});

test('a query is percent-encoded, a reference in it is not, and other resources are sent as they are', () => {
  const soql = "SELECT Id FROM A__c WHERE Id > '@{q0.records[1999].Id}' AND Name = 'é&+%@{x}#'";
  const text = compositeOf(
    [
      { soql: 'SELECT Id FROM A__c', includeDeleted: false, timeField: null },
      { soql, includeDeleted: true, timeField: null },
    ],
    [{ path: 'sobjects/A__c/deleted/?start=2026-11-24T08%3A00%3A00%2B00%3A00' }],
    dataPath,
  );
  const request = JSON.parse(text) as { compositeRequest: { url: string }[] };
  const [first, second, resource] = request.compositeRequest.map(({ url }) => url);
  assert.equal(
    resource,
    '/services/data/v62.0/sobjects/A__c/deleted/?start=2026-11-24T08%3A00%3A00%2B00%3A00',
  );
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

test('a request has at most five queries and at most 25 parts', () => {
  const one = { soql: 'SELECT Id FROM Account', includeDeleted: false, timeField: null };
  const of = (queries: number, resources: number) =>
    compositeOf(
      Array.from({ length: queries }, () => one),
      Array.from({ length: resources }, () => ({ path: 'limits' })),
      dataPath,
    );
  assert.throws(() => of(6, 0));
  assert.throws(() => of(5, 21));
  assert.throws(() => of(0, 0));
  assert.doesNotThrow(() => of(5, 20));
});

test('other resources come back as the text that was sent, whatever their status', () => {
  const log = '{"deletedRecords":[],"latestDateCovered":"2026-11-24T08:00:00.000+0000"}';
  const refused = '[{"errorCode":"INVALID_REPLICATION_DATE","message":"x"}]';
  const text = `{"compositeResponse":[
    {"body":${log},"httpHeaders":{},"httpStatusCode":200,"referenceId":"r0"},
    {"body":${good},"httpHeaders":{},"httpStatusCode":200,"referenceId":"q0"},
    {"body":${refused},"httpHeaders":{},"httpStatusCode":400,"referenceId":"r1"}]}`;
  const { queries, resources } = readComposite(text, 1, 2);
  assert.equal(queries[0]?.query?.count, 0);
  assert.deepEqual(
    resources.map(({ status, body }) => [status, body]),
    [
      [200, log],
      [400, refused],
    ],
  );
  assert.throws(() => readComposite(text, 2, 1), { code: 'DATA-03' });
  assert.throws(() => readComposite(text, 1, 1), { code: 'DATA-03' });
});

test('a resource that has not changed since a date is asked for with that date, and its own date is read', () => {
  const since = 'Fri, 14 Aug 2020 20:53:02 GMT';
  const text = compositeOf([], [{ path: 'limits', unlessChangedSince: since }, { path: 'limits' }], dataPath);
  const request = JSON.parse(text) as { compositeRequest: { httpHeaders?: object }[] };
  assert.deepEqual(
    request.compositeRequest.map(({ httpHeaders }) => httpHeaders),
    [{ 'If-Modified-Since': since }, undefined],
  );
  // As an org has answered it.
  const unchanged = `{"body" : null,
    "httpHeaders" : {"ETag" : "\\"baf7f695\\"", "Last-Modified" : "${since}"},
    "httpStatusCode" : 304, "referenceId" : "r0"}`;
  const { resources } = readComposite(`{"compositeResponse" : [ ${unchanged} ]}`, 0, 1);
  assert.deepEqual(
    resources.map(({ status, body, headers }) => [status, body, changedAtOf(headers)]),
    [[304, 'null', since]],
  );
  assert.equal(changedAtOf('{"last-modified":"yesterday"}'), null);
  assert.equal(changedAtOf(''), null);
});

test('the condition for asking again lets no second change within one second pass', () => {
  const changedAt = 'Fri, 14 Aug 2020 20:53:02 GMT';
  const at = Date.parse(changedAt) / 1000;
  assert.equal(conditionAfter(changedAt, at + 2), changedAt);
  assert.equal(conditionAfter(changedAt, at), 'Fri, 14 Aug 2020 20:53:01 GMT');
  assert.equal(conditionAfter(changedAt, null), null);
  assert.equal(conditionAfter(null, at), null);
});
