import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bodyReaches, reaches } from './key-reach.ts';

const id = '001000000000001AAA';
function call(line: string) {
  const [method = '', address = ''] = line.split(' ');
  const [raw = '', query = ''] = address.split('?');
  const whole = raw.startsWith('services/') ? raw : `services/data/v62.0/${raw}`;
  return { method, segments: whole.split('/').filter(Boolean).map(decodeURIComponent), query };
}

const reads = [
  'GET services/data/v62.0',
  'GET limits',
  'GET limits/recordCount?sObjects=Account',
  'GET query?q=SELECT+Id+FROM+Account',
  'GET query/01g000000000001-2000',
  'GET queryAll?q=SELECT+Id+FROM+Account',
  'GET search?q=FIND+%7Bx%7D',
  'GET sobjects',
  'GET sobjects/Account/describe',
  'HEAD sobjects/Account/describe',
  'GET sobjects/Account/describe/layouts/012000000000000AAA',
  'GET sobjects/Account/updated?start=a&end=b',
  `GET sobjects/Account/${id}?fields=Name`,
  'GET sobjects/Account/External__c/a%2Fb',
  `GET composite/sobjects/Account?ids=${id}&fields=Name`,
];
const writes = [
  'POST sobjects/Account',
  `PATCH sobjects/Account/${id}`,
  `POST sobjects/Account/${id}?_HttpMethod=PATCH`,
  'PATCH sobjects/Account/External__c/a%2Fb',
  `DELETE sobjects/Account/${id}`,
  'POST composite',
  'POST composite/batch',
  'POST composite/graph',
  'POST composite/tree/Account',
  'POST composite/sobjects',
  'PATCH composite/sobjects/Account/External__c',
  `DELETE composite/sobjects?ids=${id}`,
];
/** Code, files, passwords, actions, set-up, other APIs, and sign-in. */
const refused = [
  'POST sobjects/User/005000000000001AAA/password',
  'GET sobjects/User/005000000000001AAA/password',
  `POST sobjects/Account/${id}/Contacts`,
  'POST sobjects/Account/quickActions/New',
  'GET tooling/executeAnonymous?anonymousBody=x',
  'GET tooling/query?q=SELECT+Id+FROM+ApexClass',
  'GET services/apexrest/anything',
  'POST services/apexrest/anything',
  'POST actions/custom/flow/Any',
  'POST jobs/ingest',
  'POST jobs/query',
  'GET metadata/deployRequest/1',
  'POST graphql',
  'GET ui-api/records/1',
  'GET connect/files/1/content',
  'GET wave/datasets',
  'GET services/oauth2/userinfo',
  'GET services/async/62.0/job',
  'POST services/Soap/u/62.0',
  'PUT sobjects/Account',
  'DELETE composite',
  'GET composite/batch',
  'POST composite/batch/more',
  'POST composite?_HttpMethod=DELETE',
];

test('a key that reads reaches records and what describes them, and one that writes the same and more', () => {
  for (const line of reads) {
    assert.equal(reaches('read', call(line)), true, line);
    assert.equal(reaches('write', call(line)), true, line);
  }
  for (const line of writes) {
    assert.equal(reaches('read', call(line)), false, line);
    assert.equal(reaches('write', call(line)), true, line);
  }
});

test('no key reaches code, passwords, actions, set-up, jobs or other interfaces', () => {
  for (const line of refused.filter((one) => !one.startsWith('GET sobjects/User'))) {
    assert.equal(reaches('read', call(line)), false, line);
    assert.equal(reaches('write', call(line)), false, line);
  }
});

test('a key that only reads does not read the contents of files, nor what is related to a record', () => {
  for (const line of [
    'GET sobjects/ContentVersion/068000000000001AAA/VersionData',
    'GET sobjects/Attachment/00P000000000001AAA/Body',
    `GET sobjects/Account/${id}/Owner`,
    'GET sobjects/User/005000000000001AAA/password',
  ])
    assert.deepEqual([reaches('read', call(line)), reaches('write', call(line))], [false, true], line);
});

const v = '/services/data/v62.0';
const composite = (...urls: string[]) => ({
  ...call('POST composite'),
  body: {
    compositeRequest: urls.map((line, at) => {
      const [method, url] = line.split(' ');
      return { method, url, referenceId: `r${at}` };
    }),
  },
});

test('each subrequest of a composite request must be within reach', () => {
  const good = [
    `POST ${v}/sobjects/Account`,
    `PATCH ${v}/sobjects/Contact/@{r0.id}`,
    `GET ${v}/query?q=SELECT+Id+FROM+Account`,
    `DELETE ${v}/sobjects/Account/@{r2.records[0].Id}`,
    `POST ${v}/composite/sobjects`,
  ];
  assert.equal(bodyReaches('write', composite(...good)), true);
  for (const bad of [
    `POST ${v}/sobjects/User/005000000000001AAA/password`,
    `POST ${v}/sobjects/User/@{r0.id}/password`,
    `GET ${v}/tooling/executeAnonymous?anonymousBody=x`,
    `GET ${v}/sobjects/@{r0.Name}/@{r0.Path__c}`,
    `POST ${v}/@{r0.Name}`,
    `GET /services/apexrest/x`,
    `GET ${v}/sobjects/../tooling/executeAnonymous?anonymousBody=x`,
    `GET ${v}/sobjects/%2e%2e/tooling/executeAnonymous?anonymousBody=x`,
    `GET ${v}/sobjects/Account%2F..%2F..%2Ftooling`,
    `GET https://example.com${v}/sobjects/Account`,
    `POST ${v}/composite/batch`,
    `POST ${v}/actions/custom/flow/Any`,
  ])
    assert.equal(bodyReaches('write', composite(...good, bad)), false, bad);
});

test('a composite request whose body cannot be read does not pass', () => {
  for (const kind of ['composite', 'composite/batch', 'composite/graph'])
    for (const body of [undefined, {}, [], { compositeRequest: [] }, { batchRequests: [{ method: 'GET' }] }])
      assert.equal(bodyReaches('write', { ...call(`POST ${kind}`), body }), false, kind);
  const inBatch = (url: string) => ({
    ...call('POST composite/batch'),
    body: { batchRequests: [{ method: 'GET', url }] },
  });
  assert.equal(bodyReaches('write', inBatch('v62.0/sobjects/Account/describe')), true);
  assert.equal(bodyReaches('write', inBatch('v62.0/tooling/query?q=x')), false);
});
