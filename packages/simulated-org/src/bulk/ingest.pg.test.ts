import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { startOrg } from '@lockstep/harness/org';
import { readCsv } from './test-csv.ts';
import { errorOf, ingestJobs, type JobInfo } from './test-jobs.ts';

const org = await startOrg({ records: 400, lockTimeoutMs: 200 });
after(() => org[Symbol.asyncDispose]());

const data = '/services/data/v62.0';
const { jobs, create, put, patch, reached, run, part } = ingestJobs(org);

async function make(sobject: string, body: object): Promise<string> {
  const made = await org.request('POST', `${data}/sobjects/${sobject}`, { body });
  assert.equal(made.status, 201, made.text);
  return (made.json as { id: string }).id;
}

const record = async (sobject: string, id: string) =>
  (await org.request('GET', `${data}/sobjects/${sobject}/${id}`)).json as Record<string, unknown>;

test('a job goes from open to complete', async () => {
  const answer = await org.request('POST', jobs, { body: { object: 'account', operation: 'insert' } });
  const { id, createdById, createdDate, systemModstamp, ...rest } = answer.json as JobInfo;
  assert.equal(answer.status, 200);
  assert.match(String(createdById), /^005/);
  assert.equal(systemModstamp, createdDate);
  assert.match(answer.text, /"apiVersion":62\.0,/);
  assert.deepEqual(rest, {
    operation: 'insert',
    object: 'Account',
    state: 'Open',
    concurrencyMode: 'Parallel',
    contentType: 'CSV',
    apiVersion: 62,
    contentUrl: `services/data/v62.0/jobs/ingest/${id}/batches`,
    jobType: 'V2Ingest',
    lineEnding: 'LF',
    columnDelimiter: 'COMMA',
  });

  const sent = await put(id, 'Name,Industry\nAcme,Energy\n,Retail\n"Two\n""lines""",\n');
  assert.deepEqual([sent.status, sent.text], [201, '']);
  assert.equal((await patch(id, 'UploadComplete')).status, 200);
  const done = await reached(id, 'JobComplete');

  assert.deepEqual([done.numberRecordsProcessed, done.numberRecordsFailed], [3, 1]);
  const [header, first, second] = readCsv(await part(id, 'successfulResults'));
  assert.deepEqual(header, ['sf__Id', 'sf__Created', 'Name', 'Industry']);
  assert.deepEqual(first?.slice(1), ['true', 'Acme', 'Energy']);
  assert.deepEqual(second?.slice(1), ['true', 'Two\n"lines"', '']);
  assert.equal((await record('Account', second?.[0] ?? '')).Name, 'Two\n"lines"');
  assert.deepEqual(readCsv(await part(id, 'failedResults')), [
    ['sf__Id', 'sf__Error', 'Name', 'Industry'],
    ['', 'REQUIRED_FIELD_MISSING:Required fields are missing: [Name]:Name --', '', 'Retail'],
  ]);
  for (const name of ['unprocessedrecords', 'unprocessedRecords'])
    assert.equal(await part(id, name), '"Name","Industry"\n');
});

test('an update ignores empty cells and sets #N/A to null', async () => {
  const id = await make('Account', { Name: 'Old', Industry: 'Energy', Description: 'kept' });
  const job = await run(
    { object: 'Account', operation: 'update' },
    `Id,Name,Industry,Description\n${id},New,#N/A,\n001Hp00000zzzzzIAA,x,,\n,x,,\nnope,x,,\n`,
  );

  const account = await record('Account', id);
  assert.deepEqual([account.Name, account.Industry, account.Description], ['New', null, 'kept']);
  assert.equal(job.numberRecordsFailed, 3);
  const errors = readCsv(await part(job.id, 'failedResults')).map((row) => row[1]);
  assert.match(errors[1] ?? '', /^NOT_FOUND:/);
  assert.match(errors[2] ?? '', /^MISSING_ARGUMENT:Id not specified in an update call:--$/);
  assert.match(errors[3] ?? '', /^MALFORMED_ID:.*nope:Id --$/);
});

test('an upsert creates what it does not find, by external id and by Id', async () => {
  const id = await make('Account', { Name: 'Known', External_Id__c: 'up-1' });
  const job = await run(
    { object: 'Account', operation: 'upsert', externalIdFieldName: 'external_id__c' },
    'External_Id__c,Name\nup-1,Changed\nup-2,Made\n,None\n',
  );

  const rows = readCsv(await part(job.id, 'successfulResults')).slice(1);
  assert.equal(job.externalIdFieldName, 'External_Id__c');
  assert.deepEqual(rows[0], [id, 'false', 'up-1', 'Changed']);
  assert.equal(rows[1]?.[1], 'true');
  assert.equal((await record('Account', id)).Name, 'Changed');
  assert.equal((await record('Account', rows[1]?.[0] ?? '')).External_Id__c, 'up-2');
  assert.match(await part(job.id, 'failedResults'), /MISSING_ARGUMENT:External_Id__c not specified/);

  const byId = await run(
    { object: 'Account', operation: 'upsert', externalIdFieldName: 'Id' },
    `Id,Name\n${id},By Id\n,Fresh\n`,
  );
  assert.deepEqual(
    readCsv(await part(byId.id, 'successfulResults'))
      .slice(1)
      .map((row) => row.slice(1)),
    [
      ['false', id, 'By Id'],
      ['true', '', 'Fresh'],
    ],
  );
});

test('a delete leaves a record in the recycle bin and a hard delete does not', async () => {
  const [soft, hard] = [
    await make('Lead', { LastName: 'a', Company: 'b' }),
    await make('Lead', { LastName: 'a', Company: 'b' }),
  ];
  const first = await run({ object: 'Lead', operation: 'delete' }, `Id\n${soft}\n${soft}\n`);
  assert.deepEqual([first.numberRecordsProcessed, first.numberRecordsFailed], [2, 1]);
  assert.match(await part(first.id, 'failedResults'), /ENTITY_IS_DELETED:entity is deleted:--/);
  const denied = await org.request('POST', jobs, { body: { object: 'Lead', operation: 'hardDelete' } });
  assert.deepEqual(denied.json, [
    {
      message:
        'hardDelete operation requires special user profile permission, please contact your system administrator',
      errorCode: 'FEATURENOTENABLED',
    },
  ]);
  const integration = ingestJobs(org, { token: await org.token('integration') });
  await integration.run({ object: 'Lead', operation: 'hardDelete' }, `Id\n${hard}\n`);
  const left = await org.db.query<{ Id: string }>(
    sql`SELECT "Id" FROM org."Lead" WHERE "Id" IN (${soft}, ${hard}) AND ("IsDeleted" OR "Id" = ${hard})`,
  );
  assert.deepEqual(left, [{ Id: soft }]);
  const users = await run({ object: 'User', operation: 'delete' }, `Id\n005Hp0000000001AAA\n`);
  assert.equal(users.numberRecordsFailed, 1);
});

test('each value is read as in REST, and an invalid one fails only its record', async () => {
  const account = await make('Account', { Name: 'Parent', External_Id__c: 'parent-1' });
  const csv = [
    'External_Id__c;Account__r.External_Id__c;Issued_On__c;Due_At__c;Is_Disputed__c;Paid_Amount__c;Installments__c;Settings__c',
    'v-1;PARENT-1;1940-06-07Z;2022-01-02T17:38:59.000Z;TRUE;9007199254740993.10;7;"{""a"":[1.10]}"',
    'v-2;nobody;;;;;;',
    'v-3;;;;;abc;;',
    'v-4;;;;maybe;;;',
    'v-5;;1940-13-07;;;;;',
    'v-1;;;;;;;',
    'v-6;#N/A;;;;1;;',
  ].join('\r\n');
  const job = await run(
    { object: 'Invoice__c', operation: 'insert', columnDelimiter: 'SEMICOLON', lineEnding: 'CRLF' },
    csv,
  );

  assert.deepEqual([job.state, job.numberRecordsProcessed, job.numberRecordsFailed], ['JobComplete', 7, 5]);
  const succeeded = await part(job.id, 'successfulResults');
  const id = /"(a00\w{15})";"true";"v-1"/.exec(succeeded)?.[1] ?? '';
  const text = (await org.request('GET', `${data}/sobjects/Invoice__c/${id}`)).text;
  assert.match(text, /"Paid_Amount__c":9\.0071992547409931E15,/);
  assert.match(text, /"Is_Disputed__c":true,/);
  assert.match(text, /"Issued_On__c":"1940-06-07",/);
  assert.match(text, /"Due_At__c":"2022-01-02T17:38:59\.000\+0000",/);
  assert.match(text, new RegExp(`"Account__c":"${account}"`));
  const failed = await part(job.id, 'failedResults');
  assert.match(
    failed,
    /INVALID_FIELD:Foreign key external ID: nobody not found for field External_Id__c in entity Account:--/,
  );
  assert.match(
    failed,
    /INVALID_TYPE_ON_FIELD_IN_RECORD:Paid Amount: value not of required type: abc:Paid_Amount__c --/,
  );
  assert.match(
    failed,
    /INVALID_TYPE_ON_FIELD_IN_RECORD:Is Disputed: value not of required type: maybe:Is_Disputed__c --/,
  );
  assert.match(failed, /1940-13-07:Issued_On__c --/);
  assert.match(failed, new RegExp(`DUPLICATE_VALUE:[^"]*${id.slice(0, 15)}:External_Id__c --`));
  assert.ok(failed.split('\r\n').length === 7);
});

test('the triggers of a write run for the records of a job', async () => {
  const invoice = await make('Invoice__c', {});
  const lines = ['1,2.5', '3,4'].map((pair) => `${invoice},${pair}`).join('\n');
  const job = await run(
    { object: 'Invoice_Line__c', operation: 'insert' },
    `Invoice__c,Quantity__c,Unit_Price__c\n${lines}\n`,
  );
  assert.equal(job.numberRecordsFailed, 0, await part(job.id, 'failedResults'));
  assert.equal((await record('Invoice__c', invoice)).Total__c, 14.5);
});

test('a record locked by another transaction fails alone', async () => {
  const [free, held] = [
    await make('Lead', { LastName: 'a', Company: 'b' }),
    await make('Lead', { LastName: 'a', Company: 'b' }),
  ];
  const session = await org.db.session();
  await session.script('BEGIN');
  await session.query(sql`SELECT FROM org."Lead" WHERE "Id" = ${held} FOR UPDATE`);

  const job = await run({ object: 'Lead', operation: 'update' }, `Id,LastName\n${held},x\n${free},x\n`);
  await session.close();

  assert.equal(job.numberRecordsFailed, 1);
  assert.match(await part(job.id, 'failedResults'), /UNABLE_TO_LOCK_ROW/);
  assert.equal((await record('Lead', free)).LastName, 'x');
});

test("a file that is not CSV of the job's form fails the job, and unprocessed records come back as they were sent", async () => {
  const rows = Array.from({ length: 250 }, (_, i) => `row ${i},x`).join('\n');
  const cases: [csv: string, message: RegExp, processed: number, rest: string][] = [
    [`Name,Nope\na,b\n`, /^InvalidBatch : Field name not found : Nope$/, 0, 'a,b\n'],
    [`Name,name\na,b\n`, /^InvalidBatch : Field name is duplicated : Name$/, 0, 'a,b\n'],
    [
      `Name\r\na\r\n`,
      /^ClientInputError : LineEnding is invalid on user data\. Current LineEnding setting is LF$/,
      0,
      'Name\r\na\r\n',
    ],
    [
      `Name,Site\n${rows}\n"open`,
      /^InvalidBatch : A quoted value does not end$/,
      200,
      `${rows.split('\n').slice(200).join('\n')}\n"open`,
    ],
    [
      `Name,Site\n${rows}\na,b,c\n`,
      /^InvalidBatch : Record 251 has 3 fields and the header 2$/,
      200,
      `${rows.split('\n').slice(200).join('\n')}\na,b,c\n`,
    ],
  ];
  for (const [csv, message, processed, rest] of cases) {
    const job = await run({ object: 'Account', operation: 'insert' }, csv);
    assert.equal(job.state, 'Failed', csv.slice(0, 20));
    assert.match(String(job.errorMessage), message);
    assert.equal(job.numberRecordsProcessed, processed);
    const unprocessed = await part(job.id, 'unprocessedrecords');
    assert.ok(unprocessed.endsWith(rest) && unprocessed.length - rest.length < 20, unprocessed.slice(0, 100));
    assert.equal(readCsv(await part(job.id, 'successfulResults')).length, 1 + processed);
  }
});

test('a job accepts one file while it is open, and its state decides whether it can be aborted or deleted', async () => {
  const { id } = await create({ object: 'Account', operation: 'insert' });
  assert.equal((await org.request('GET', `${jobs}/${id}/successfulResults`)).status, 400);
  assert.equal((await org.request('DELETE', `${jobs}/${id}`)).status, 400);
  assert.equal((await put(id, 'Name\na\n')).status, 201);
  const second = await put(id, 'Name\nb\n');
  assert.match(errorOf(second)?.message ?? '', /^Found multiple contents for job/);
  const aborted = await patch(id, 'Aborted');
  assert.equal((aborted.json as JobInfo).state, 'Aborted');
  assert.equal(errorOf(await put(id, 'Name\nb\n'))?.errorCode, 'INVALIDJOBSTATE');
  assert.equal(errorOf(await patch(id, 'UploadComplete'))?.errorCode, 'INVALIDJOBSTATE');
  assert.equal(await part(id, 'unprocessedrecords'), 'Name\na\n');
  assert.equal((await org.request('DELETE', `${jobs}/${id}`)).status, 204);
  assert.equal((await org.request('GET', `${jobs}/${id}`)).status, 404);
  const list = (await org.request('GET', jobs)).json as { records: JobInfo[] };
  assert.ok(list.records.length > 5 && !list.records.some((job) => job.id === id));
});

test('a job interrupted by a restart continues, and writes no record twice', async () => {
  const held = await make('Account', { Name: 'held', External_Id__c: 'held' });
  const session = await org.db.session();
  await session.script('BEGIN');
  await session.query(sql`SELECT FROM org."Account" WHERE "Id" = ${held} FOR UPDATE`);
  const rows = Array.from({ length: 500 }, (_, i) => `${i === 450 ? 'held' : `restart-${i}`},Restart`);
  const { id } = await create({
    object: 'Account',
    operation: 'upsert',
    externalIdFieldName: 'External_Id__c',
  });
  await put(id, ['External_Id__c,Name', ...rows].join('\n'));
  await org.restart({ lockTimeoutMs: 60_000 });
  await patch(id, 'UploadComplete');
  // The third batch waits for the lock; the two before it are finished.
  for (;;) {
    const job = await reached(id, 'InProgress');
    if (job.numberRecordsProcessed === 400) break;
  }

  const restarted = org.restart();
  await session.close();
  await restarted;

  const done = await reached(id, 'JobComplete');
  assert.deepEqual([done.numberRecordsProcessed, done.numberRecordsFailed], [500, 0]);
  const accounts = await org.db.query<{ key: string }>(
    sql`SELECT "External_Id__c" AS key FROM org."Account" WHERE "Name" = 'Restart'`,
  );
  assert.equal(accounts.length, 500);
  assert.equal(readCsv(await part(id, 'successfulResults')).length, 501);
});

test('a malformed job is refused', async () => {
  const good = { object: 'Account', operation: 'insert' };
  const bodies: [body: unknown, errorCode: string][] = [
    ['{"object":', 'JSON_PARSER_ERROR'],
    [[], 'JSON_PARSER_ERROR'],
    [{ operation: 'insert' }, 'INVALIDJOB'],
    [{ ...good, operation: 'query' }, 'INVALIDJOB'],
    [{ ...good, object: 'Nothing' }, 'INVALIDENTITY'],
    [{ ...good, object: 'TaskStatus' }, 'INVALIDENTITY'],
    [{ ...good, contentType: 'XML' }, 'INVALIDJOB'],
    [{ ...good, columnDelimiter: 5 }, 'JSON_PARSER_ERROR'],
    [{ ...good, operation: 'upsert' }, 'INVALIDJOB'],
    [{ ...good, operation: 'upsert', externalIdFieldName: 'Name' }, 'INVALIDJOB'],
  ];
  for (const [body, errorCode] of bodies) {
    const answer = await org.request('POST', jobs, { body });
    assert.equal(answer.status, 400, JSON.stringify(body));
    assert.equal(errorOf(answer)?.errorCode, errorCode, JSON.stringify(body));
  }
  const { id } = await create(good);
  assert.equal((await org.request('PUT', `${jobs}/${id}/batches`, { body: { Name: 'x' } })).status, 415);
  assert.equal((await put(id, 'Name\n', { 'Content-Type': 'text/plain' })).status, 415);
  assert.equal((await org.request('GET', `${jobs}/${id}/batches`)).status, 405);
  assert.equal((await org.request('GET', `${jobs}/${id}/nothing`)).status, 404);
  assert.equal((await put('750Hp00000zzzzzIAA', 'Name\n')).status, 404);
});
