import assert from 'node:assert/strict';
import { readdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { startOrg } from '@lockstep/harness/org';
import { readCsv } from './test-csv.ts';
import { errorOf, type JobInfo, queryJobs } from './test-jobs.ts';

const org = await startOrg({ records: 3000 });
after(() => org[Symbol.asyncDispose]());

const data = '/services/data/v62.0';
const { jobs, create, reached, completed, results } = queryJobs(org);

/** Blocks all readers of Account until it is disposed of. */
async function lockAccounts(): Promise<AsyncDisposable> {
  const session = await org.db.session();
  await session.script('BEGIN; LOCK TABLE org."Account" IN ACCESS EXCLUSIVE MODE');
  return { [Symbol.asyncDispose]: () => session.close() };
}

test('a job has all fields of a job, with the version as a number with a decimal point', async () => {
  const answer = await org.request('POST', jobs, {
    body: { operation: 'query', query: 'select id, name from account', contentType: 'CSV' },
  });
  const { id, createdById, createdDate, systemModstamp, ...rest } = answer.json as JobInfo;

  assert.match(id, /^750\w{15}$/);
  assert.match(String(createdById), /^005/);
  assert.match(String(createdDate), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000\+0000$/);
  assert.equal(systemModstamp, createdDate);
  assert.match(answer.text, /"apiVersion":62\.0,/);
  assert.deepEqual(rest, {
    operation: 'query',
    object: 'Account',
    state: 'UploadComplete',
    concurrencyMode: 'Parallel',
    contentType: 'CSV',
    apiVersion: 62,
    lineEnding: 'LF',
    columnDelimiter: 'COMMA',
  });
  const [{ count } = { count: 0 }] = await org.db.query<{ count: number }>(
    sql`SELECT count(*) AS count FROM org."Account" WHERE NOT "IsDeleted"`,
  );
  const done = await reached(id, 'JobComplete');
  assert.equal(done.jobType, 'V2Query');
  assert.equal(done.numberRecordsProcessed, count);
  assert.equal(done.retries, 0);
  assert.equal(done.isPkChunkingSupported, true);
  assert.equal(typeof done.totalProcessingTime, 'number');
});

test('a job waits, runs and can be aborted and deleted', async () => {
  await using lock = await lockAccounts();
  const first = await create('SELECT Id FROM Account');
  const second = await create('SELECT Id FROM Account');
  await reached(first.id, 'InProgress');
  const early = await results(first.id);
  assert.equal(early.status, 400);
  assert.equal(errorOf(early)?.errorCode, 'INVALIDJOBSTATE');
  assert.equal((await org.request('DELETE', `${jobs}/${first.id}`)).status, 400);
  assert.equal((await reached(second.id, 'UploadComplete')).state, 'UploadComplete');

  for (const { id } of [first, second]) {
    const aborted = await org.request('PATCH', `${jobs}/${id}`, { body: { state: 'Aborted' } });
    assert.equal(aborted.status, 200);
    assert.equal((aborted.json as JobInfo).state, 'Aborted');
    const again = await org.request('PATCH', `${jobs}/${id}`, { body: { state: 'Aborted' } });
    assert.equal(errorOf(again)?.errorCode, 'INVALIDJOBSTATE');
    assert.equal((await org.request('DELETE', `${jobs}/${id}`)).status, 204);
    assert.equal((await org.request('GET', `${jobs}/${id}`)).status, 404);
  }
  // The job was cancelled, not only forgotten: the worker is free although the table is still locked.
  const third = await create('SELECT Id FROM Contact LIMIT 3');
  await reached(third.id, 'JobComplete');
  assert.ok(lock);
});

test('a job interrupted by a restart is run again', async () => {
  const lock = await lockAccounts();
  const { id } = await create('SELECT Id FROM Account');
  await reached(id, 'InProgress');

  await org.restart();
  await lock[Symbol.asyncDispose]();

  const done = await reached(id, 'JobComplete');
  const ids = readCsv((await results(id)).text).slice(1);
  assert.equal(ids.length, done.numberRecordsProcessed);
});

test("pages by locator give each record once, and the last page's locator is null", async () => {
  const id = await completed('SELECT Id, Name FROM Contact');
  const [{ ids } = { ids: [] as string[] }] = await org.db.query<{ ids: string[] }>(
    sql`SELECT array_agg("Id" ORDER BY "Id") AS ids FROM org."Contact" WHERE NOT "IsDeleted"`,
  );
  const seen: string[] = [];
  let parameters = '?maxRecords=150';
  for (;;) {
    const page = await results(id, parameters);
    const [header, ...rows] = readCsv(page.text);
    assert.deepEqual(header, ['Id', 'Name']);
    assert.equal(page.headers.get('sforce-numberofrecords'), String(rows.length));
    assert.match(page.headers.get('content-type') ?? '', /^text\/csv/);
    seen.push(...rows.map(([rowId = '']) => rowId));
    const locator = page.headers.get('sforce-locator');
    if (locator === 'null') break;
    assert.equal(rows.length, 150);
    parameters = `?maxRecords=150&locator=${locator}`;
  }
  assert.ok(ids.length > 300);
  assert.deepEqual(seen.toSorted(), ids);
});

test('result pages can be read in parallel, from v58.0 on', async () => {
  const id = await completed('SELECT Id FROM Contact');
  const whole = readCsv((await results(id)).text);
  const urls: string[] = [];
  let next: string | null = `${jobs}/${id}/resultPages?maxRecords=60`;
  while (next) {
    const answer = (await org.request('GET', next)).json as {
      resultPages: { resultUrl: string }[];
      nextRecordsUrl: string | null;
      done: boolean;
    };
    assert.ok(answer.resultPages.length <= 5);
    assert.equal(answer.done, answer.nextRecordsUrl === null);
    urls.push(...answer.resultPages.map(({ resultUrl }) => resultUrl));
    next = answer.nextRecordsUrl;
  }
  const pages = await Promise.all(urls.map((url) => org.request('GET', url)));

  assert.deepEqual([whole[0], ...pages.flatMap(({ text }) => readCsv(text).slice(1))], whole);
  assert.ok(
    pages.every(({ text }) => readCsv(text).length <= 61),
    'a page has as many records as were asked for',
  );
  const [first] = pages;
  assert.deepEqual(readCsv(first?.text ?? ''), whole.slice(0, 61), 'the first page is one of them');
  const old = await org.request('POST', '/services/data/v57.0/jobs/query', {
    body: { operation: 'query', query: 'SELECT Id FROM User' },
  });
  const oldId = (old.json as JobInfo).id;
  await reached(oldId, 'JobComplete');
  const refused = await org.request('GET', `/services/data/v57.0/jobs/query/${oldId}/resultPages`);
  assert.equal(refused.status, 404);
});

test('every value is the same as in REST, in its CSV form', async () => {
  const values = {
    External_Id__c: 'every-type',
    Status__c: 'Paid',
    Tags__c: 'Urgent;Export',
    Channel__c: 'Post',
    Billing_Email__c: 'a@example.com',
    Billing_Phone__c: '+1 (2) 3',
    Portal_Url__c: 'https://example.com/?a=1,2',
    Tax_Number__c: 'DE "1"',
    Issued_On__c: '1940-06-07',
    Due_At__c: '2022-01-02T17:38:59Z',
    Cutoff_Time__c: '14:30:00Z',
    Discount__c: 12.5,
    Exchange_Rate__c: 3,
    Installments__c: 7,
    Is_Disputed__c: true,
    Place__Latitude__s: 1.25,
    Summary__c: 'line 1\r\nline "2", \0 and \ud83d\ude00\nline 3',
  };
  const exact = `{"Paid_Amount__c":9007199254740993.10,"Ledger_Number__c":123456789012345678,${JSON.stringify(values).slice(1)}`;
  const made = await org.request('POST', `${data}/sobjects/Invoice__c`, { body: exact });
  assert.equal(made.status, 201, made.text);
  const fields = [
    'Id',
    'CreatedDate',
    'Note__c',
    'Paid_Amount__c',
    'Ledger_Number__c',
    ...Object.keys(values),
  ];
  const soql = `SELECT ${fields.join(', ')} FROM Invoice__c WHERE External_Id__c = 'every-type'`;

  const [header, row] = readCsv((await results(await completed(soql))).text);

  const rest = (await org.request('GET', `${data}/query?q=${encodeURIComponent(soql)}`)).text;
  const record = JSON.parse(rest.replace(/:(-?\d[\d.E]*)(?=[,}])/g, ':"$1"')) as {
    records: Record<string, string | boolean | null>[];
  };
  const expected = fields.map((field) => {
    const value = record.records[0]?.[field];
    if (typeof value === 'string') return value.replace(/\+0000$/, 'Z');
    return value === null ? '' : JSON.stringify(value);
  });
  assert.deepEqual(header, fields);
  assert.deepEqual(row, expected);
  assert.ok(row?.includes('9.0071992547409931E15') && row.includes('3.0') && row.includes('true'));
});

test('each value is quoted, with the requested delimiter and line ending', async () => {
  const name = 'a|"b"';
  await org.request('POST', `${data}/sobjects/Account`, { body: { Name: name } });
  const soql = `SELECT Name, Industry FROM Account WHERE Name = 'a|"b"'`;

  const id = await completed(soql, { columnDelimiter: 'PIPE', lineEnding: 'CRLF' });

  assert.equal((await results(id)).text, '"Name"|"Industry"\r\n"a|""b"""|""\r\n');
  for (const columnDelimiter of ['BACKQUOTE', 'CARET', 'COMMA', 'SEMICOLON', 'TAB']) {
    const text = (await results(await completed(soql, { columnDelimiter }))).text;
    assert.match(text, /^"Name"[`^,;\t]"Industry"\n"a\|""b"""[`^,;\t]""\n$/);
  }
});

test('results show the org at the moment of the job, whatever is written later', async () => {
  const made = await org.request('POST', `${data}/sobjects/Lead`, {
    body: { LastName: 'Before', Company: 'x' },
  });
  const leadId = (made.json as { id: string }).id;
  const id = await completed(`SELECT Id, LastName FROM Lead WHERE Id = '${leadId}'`);
  await org.request('PATCH', `${data}/sobjects/Lead/${leadId}`, { body: { LastName: 'After' } });
  await org.request('DELETE', `${data}/sobjects/Lead/${leadId}`);

  assert.equal((await results(id)).text, `"Id","LastName"\n"${leadId}","Before"\n`);
  const all = await completed(`SELECT LastName, IsDeleted FROM Lead WHERE Id = '${leadId}'`, {
    operation: 'queryAll',
  });
  assert.equal((await results(all)).text, '"LastName","IsDeleted"\n"After","true"\n');
  const live = await completed(`SELECT Id FROM Lead WHERE Id = '${leadId}'`);
  const empty = await results(live);
  assert.equal(empty.text, '"Id"\n');
  assert.equal(empty.headers.get('sforce-numberofrecords'), '0');
  assert.equal(empty.headers.get('sforce-locator'), 'null');
});

test("the query's order and limit are applied", async () => {
  const id = await completed('SELECT Name FROM Contact ORDER BY Name DESC LIMIT 40');
  const rest = await org.request(
    'GET',
    `${data}/query?q=${encodeURIComponent('SELECT Name FROM Contact ORDER BY Name DESC LIMIT 40')}`,
  );
  const names = (rest.json as { records: { Name: string }[] }).records.map((record) => [record.Name]);
  assert.deepEqual(readCsv((await results(id)).text).slice(1), names);
});

test('results are compressed on request', async () => {
  const id = await completed('SELECT Id FROM User');
  const plain = await results(id, '', { 'Accept-Encoding': 'identity' });
  const packed = await results(id, '', { 'Accept-Encoding': 'gzip' });
  assert.equal(plain.headers.get('content-encoding'), null);
  assert.equal(packed.headers.get('content-encoding'), 'gzip');
  assert.equal(packed.text, plain.text);
});

test('another API version and an invalid locator are refused', async () => {
  const id = await completed('SELECT Id FROM User');
  const other = await org.request('GET', `/services/data/v63.0/jobs/query/${id}/results`);
  assert.equal(other.status, 409);
  for (const parameters of [
    '?locator=x',
    '?locator=OTk5OTk5',
    '?locator=',
    '?maxRecords=0',
    '?maxRecords=-1',
    '?maxRecords=a',
  ]) {
    const answer = await results(id, parameters);
    assert.equal(answer.status, 400, parameters);
    assert.equal(errorOf(answer)?.errorCode, 'INVALID_QUERY_LOCATOR');
  }
});

test('what the Bulk API cannot query is refused when the job is made', async () => {
  const cases: [soql: string, errorCode: string, message: RegExp][] = [
    [
      'SELECT BillingAddress FROM Account',
      'API_ERROR',
      /^Selecting compound data not supported in Bulk Query$/,
    ],
    ['SELECT Place__c FROM Invoice__c', 'API_ERROR', /compound/],
    ['SELECT Name FROM Account GROUP BY Name', 'API_ERROR', /GROUP BY/],
    ['SELECT Id FROM Account LIMIT 5 OFFSET 5', 'API_ERROR', /OFFSET/],
    ['SELECT count() FROM Account', 'API_ERROR', /Aggregate/],
    ['SELECT max(Name) FROM Account', 'API_ERROR', /Aggregate/],
    ['SELECT Id, (SELECT Id FROM Contacts) FROM Account', 'API_ERROR', /Aggregate Relationships/],
    ['SELECT TYPEOF Owner WHEN User THEN Id END FROM Invoice__c', 'API_ERROR', /TYPEOF/],
    [
      'SELECT Id FROM TaskStatus',
      'INVALIDENTITY',
      /^Entity 'TaskStatus' is not supported by the Bulk API\.$/,
    ],
    ['SELECT Id FROM Nothing', 'INVALID_TYPE', /sObject type 'Nothing' is not supported/],
    ['SELECT Nope FROM Account', 'INVALID_FIELD', /No such column 'Nope'/],
    ['SELECT Id FORM Account', 'MALFORMED_QUERY', /FORM/],
    ['', 'MALFORMED_QUERY', /./],
  ];
  for (const [query, errorCode, message] of cases) {
    const answer = await org.request('POST', jobs, { body: { operation: 'query', query } });
    assert.equal(answer.status, 400, query);
    assert.equal(errorOf(answer)?.errorCode, errorCode, query);
    assert.match(errorOf(answer)?.message ?? '', message);
  }
  for (const query of [
    "SELECT Id FROM Account WHERE Name = 'GROUP BY (SELECT OFFSET 5'",
    'SELECT Id FROM User',
  ]) {
    await completed(query);
  }
});

test('a malformed job is refused and never causes a defect', async () => {
  const query = 'SELECT Id FROM User';
  const bodies: unknown[] = [
    '{"operation":',
    '[]',
    '"text"',
    {},
    { operation: 'query' },
    { query },
    { operation: 'insert', query },
    { operation: 'query', query: 5 },
    { operation: 'query', query, contentType: 'JSON' },
    { operation: 'query', query, columnDelimiter: 'DOT' },
    { operation: 'query', query, lineEnding: 'CR' },
    { operation: { a: 1 }, query },
  ];
  for (const body of bodies) {
    const answer = await org.request('POST', jobs, { body });
    assert.equal(answer.status, 400, JSON.stringify(body));
  }
  const { id } = await create(query);
  for (const body of ['{', {}, { state: 'JobComplete' }, { state: null }, []]) {
    assert.equal((await org.request('PATCH', `${jobs}/${id}`, { body })).status, 400);
  }
  assert.equal((await org.request('PUT', `${jobs}/${id}`, { body: {} })).status, 405);
  assert.equal((await org.request('GET', `${jobs}/750Hp00000zzzzzIAA`)).status, 404);
  assert.equal((await org.request('GET', `${jobs}/%27`)).status, 404);
  assert.equal((await org.request('GET', `${jobs}/${id}/nothing`)).status, 404);
  assert.equal((await org.request('GET', `${data}/jobs`)).status, 404);
});

test('a field without a CSV form fails the job with a message that says so', async () => {
  const { id } = await create('SELECT Id, Settings__c FROM Invoice__c');
  const failed = await reached(id, 'Failed');
  assert.equal(
    failed.errorMessage,
    "FeatureNotEnabled : Cannot serialize value for 'Settings__c' in CSV format",
  );
  assert.equal((await results(id)).status, 400);
});

test('jobs are listed newest first, only for their creator', async () => {
  const { id } = await create('SELECT Id FROM User');
  const list = (await org.request('GET', jobs)).json as {
    done: boolean;
    records: JobInfo[];
    nextRecordsUrl: null;
  };
  assert.equal(list.records[0]?.id, id);
  assert.equal(list.done, true);
  assert.equal(list.nextRecordsUrl, null);
  const token = await org.token('integration');
  const foreign = (await org.request('GET', jobs, { token })).json as { records: JobInfo[] };
  assert.deepEqual(foreign.records, []);
  assert.equal((await org.request('GET', `${jobs}/${id}`, { token })).status, 404);
});

test('a deleted job leaves nothing behind, and results whose files are gone are reported as lost', async () => {
  const files = () => readdirSync(org.resultFolder);
  const id = await completed('SELECT Id FROM User');
  const lost = await completed('SELECT Id FROM User');
  assert.ok(files().includes(`${id}.0.csv`));
  assert.equal((await org.request('DELETE', `${jobs}/${id}`)).status, 204);
  assert.ok(!files().includes(`${id}.0.csv`));
  writeFileSync(join(org.resultFolder, `${id}.0.csv`), 'of no job');

  truncateSync(join(org.resultFolder, `${lost}.0.csv`), 5);
  await org.restart();

  const failed = await reached(lost, 'Failed');
  assert.match(String(failed.errorMessage), /were lost$/);
  assert.ok(!files().includes(`${id}.0.csv`) && !files().includes(`${lost}.0.csv`));
});

test('a composite cannot contain a job', async () => {
  const answer = await org.request('POST', `${data}/composite`, {
    body: { compositeRequest: [{ method: 'GET', url: jobs, referenceId: 'a' }] },
  });
  const [part] = (answer.json as { compositeResponse: { httpStatusCode: number }[] }).compositeResponse;
  assert.equal(part?.httpStatusCode, 404);
});
