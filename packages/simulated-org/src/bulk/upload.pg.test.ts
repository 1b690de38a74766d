import assert from 'node:assert/strict';
import { type ClientRequest, request as httpRequest } from 'node:http';
import { after, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { sql } from '@lockstep/foundation/sql';
import { startOrg } from '@lockstep/harness/org';
import { readCsv } from './test-csv.ts';
import { errorOf, ingestJobs, type JobInfo } from './test-jobs.ts';

const org = await startOrg({ records: 100 });
after(() => org[Symbol.asyncDispose]());

const data = '/services/data/v62.0';
const { jobs, create, put, patch, reached, run, part } = ingestJobs(org);
const leads = { object: 'Lead', operation: 'insert' };

const form = (boundary: string, ...parts: [head: string, body: string][]) =>
  `${parts.map(([head, body]) => `--${boundary}\r\n${head}\r\n\r\n${body}\r\n`).join('')}--${boundary}--\r\n`;
const jobHead = 'Content-Type: application/json\r\nContent-Disposition: form-data; name="job"';
const contentHead =
  'Content-Type: text/csv\r\nContent-Disposition: form-data; name="content"; filename="content"';

const postForm = (body: string, contentType = 'multipart/form-data; boundary=BOUNDARY') =>
  org.request('POST', jobs, { body, headers: { 'Content-Type': contentType } });

/** Sends a body piece by piece; the last piece waits for `until`. */
async function putSlowly(
  id: string,
  pieces: readonly string[],
  until: (request: ClientRequest) => Promise<unknown>,
): Promise<number> {
  const token = await org.token('demo');
  const answered = Promise.withResolvers<number>();
  const request = httpRequest(`${org.url}${jobs}/${id}/batches`, {
    method: 'PUT',
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'text/csv' },
  });
  request.on('response', (response) => answered.resolve(response.resume().statusCode ?? 0));
  request.on('error', answered.reject);
  for (const piece of pieces.slice(0, -1)) request.write(piece);
  await until(request);
  request.end(pieces.at(-1));
  return answered.promise;
}

const piecesOf = async (id: string) =>
  (await org.db.query(sql`SELECT FROM simulator.bulk_upload WHERE job_id = ${id}`)).length;

test('one request creates a job with its file', async () => {
  const job = JSON.stringify({ ...leads, contentType: 'CSV', lineEnding: 'LF' });
  const answer = await postForm(form('BOUNDARY', [jobHead, job], [contentHead, 'LastName,Company\nÄ,"b\n"']));
  assert.equal(answer.status, 200, answer.text);
  const made = answer.json as JobInfo;
  assert.equal(made.state, 'UploadComplete');
  assert.equal((await reached(made.id, 'JobComplete')).numberRecordsProcessed, 1);
  assert.deepEqual(readCsv(await part(made.id, 'successfulResults'))[1]?.slice(2), ['Ä', 'b\n']);
});

test('a file without records, or without any text, completes the job with 0 records', async () => {
  const header = '"sf__Id","sf__Created"';
  for (const [csv, names] of [
    ['', header],
    ['\n', header],
    ['LastName,Company\n', `${header},"LastName","Company"`],
    ['LastName,Company', `${header},"LastName","Company"`],
  ] as const) {
    for (const operation of ['insert', 'delete']) {
      const job = await run({ object: 'Lead', operation }, csv);
      const { state, numberRecordsProcessed, numberRecordsFailed, errorMessage } = job;
      assert.deepEqual(
        { csv, state, numberRecordsProcessed, numberRecordsFailed, errorMessage },
        {
          csv,
          state: 'JobComplete',
          numberRecordsProcessed: 0,
          numberRecordsFailed: 0,
          errorMessage: undefined,
        },
      );
      assert.equal(await part(job.id, 'successfulResults'), `${names}\n`);
    }
  }
  const { id } = await create(leads);
  await patch(id, 'UploadComplete');
  assert.equal((await reached(id, 'JobComplete')).numberRecordsProcessed, 0, 'nothing was uploaded');
});

test('a form may have its parts in any order and its boundary in quotes', async () => {
  const job = JSON.stringify(leads);
  const body = form('a b', [contentHead, 'LastName,Company\nx,y'], [jobHead, job]);
  const answer = await postForm(body, 'multipart/form-data; boundary="a b"');
  assert.equal(answer.status, 200, answer.text);
  assert.equal((await reached((answer.json as JobInfo).id, 'JobComplete')).numberRecordsFailed, 0);
});

test('a form that lacks something is refused and leaves no job', async () => {
  const job = JSON.stringify(leads);
  const count = async () => (await org.db.query(sql`SELECT FROM simulator.bulk_job`)).length;
  const before = await count();
  const long = `LastName,Company\n${'x'.repeat(100_000)},y\n`;
  const bodies = [
    form('BOUNDARY', [jobHead, job]),
    form('BOUNDARY', [contentHead, 'LastName\nx\n']),
    form('BOUNDARY', [jobHead, '{'], [contentHead, 'LastName\nx\n']),
    form('BOUNDARY', [jobHead, '[]'], [contentHead, 'LastName\nx\n']),
    form('BOUNDARY', [jobHead, job], [contentHead, long]),
    form('BOUNDARY', ['X: y', job], [contentHead, 'LastName\nx\n']),
    form('OTHER', [jobHead, job], [contentHead, 'LastName\nx\n']),
    `--BOUNDARY\r\n${jobHead}\r\n\r\n${job}`,
    form('BOUNDARY', [jobHead, job], [contentHead, 'LastName\nx\n']).replaceAll('\r\n', '\n'),
    'none',
  ];
  for (const body of bodies) assert.equal((await postForm(body)).status, 400, body.slice(0, 200));
  assert.equal((await postForm(bodies[0] ?? '', 'multipart/form-data')).status, 400);
  assert.equal(await count(), before);
  const elsewhere = {
    body: bodies[0],
    headers: { 'Content-Type': 'multipart/form-data; boundary=BOUNDARY' },
  };
  assert.equal((await org.request('POST', `${data}/composite`, elsewhere)).status, 415);
});

test('a file is stored while it arrives, and the job waits for all of it', async () => {
  const { id } = await create(leads);
  const line = `${'x'.repeat(60)},y\n`;
  const half = line.repeat(20_000);
  const status = await putSlowly(id, ['LastName,Company\n', half, half, 'last,one\n'], async () => {
    while ((await piecesOf(id)) < 2);
    assert.equal(errorOf(await put(id, 'LastName\na\n'))?.errorCode, 'INVALIDJOB');
    const early = await patch(id, 'UploadComplete');
    assert.equal(errorOf(early)?.errorCode, 'INVALIDJOBSTATE');
  });
  assert.equal(status, 201);
  const [row] = await org.db.query<{ bytes: number }>(
    sql`SELECT sum(length(data)) AS bytes FROM simulator.bulk_upload WHERE job_id = ${id}`,
  );
  assert.equal(Number(row?.bytes), 'LastName,Company\n'.length + 2 * half.length + 'last,one\n'.length);
  assert.equal((await patch(id, 'Aborted')).status, 200);
});

test('a file whose sender disconnects, or that has the wrong encoding, leaves the job as it was', async () => {
  const { id } = await create(leads);
  const sending = putSlowly(id, ['LastName,Company\n', 'x,y\n'.repeat(600_000), 'z'], async (request) => {
    while ((await piecesOf(id)) < 1);
    request.destroy(new Error('gone'));
  });
  await assert.rejects(sending, /gone/);
  while ((await piecesOf(id)) > 0);

  const broken = await put(id, 'no gzip', { 'Content-Encoding': 'gzip' });
  assert.deepEqual([broken.status, errorOf(broken)?.errorCode], [400, 'JSON_PARSER_ERROR']);
  assert.equal((await put(id, 'x', { 'Content-Encoding': 'br' })).status, 415);

  assert.equal((await put(id, 'LastName,Company\na,b\n')).status, 201);
  await patch(id, 'UploadComplete');
  assert.equal((await reached(id, 'JobComplete')).numberRecordsFailed, 0);
});

test('a file that was being uploaded when the org stopped can be uploaded again', async () => {
  const { id } = await create(leads);
  await org.db.query(sql`UPDATE simulator.bulk_job SET upload = 'coming' WHERE id = ${id}`);
  await org.db.query(sql`INSERT INTO simulator.bulk_upload VALUES (${id}, 0, 'LastName')`);
  assert.equal(errorOf(await put(id, 'x'))?.errorCode, 'INVALIDJOB');

  await org.restart();

  assert.equal((await put(id, 'LastName,Company\na,b\n')).status, 201);
  await patch(id, 'UploadComplete');
  assert.equal((await reached(id, 'JobComplete')).numberRecordsProcessed, 1);
});

test('a file of more than 150 MB in base 64 is refused, however small its compressed size', async () => {
  const { id } = await create(leads);
  const answer = await fetch(`${org.url}${jobs}/${id}/batches`, {
    method: 'PUT',
    headers: {
      Authorization: `Bearer ${await org.token('demo')}`,
      'Content-Type': 'text/csv',
      'Content-Encoding': 'gzip',
    },
    body: gzipSync(Buffer.alloc(113 * 1024 * 1024, 'x,y\n'), { level: 1 }),
  });
  assert.equal(answer.status, 413);
  assert.equal(await piecesOf(id), 0);
});

test('a byte order mark is not part of the first column name', async () => {
  const job = await run(leads, '\ufeffLastName,Company\na,b\n');
  assert.deepEqual([job.state, job.numberRecordsFailed], ['JobComplete', 0]);
});

test('the Id of an assignment rule is accepted and returned', async () => {
  const { id, assignmentRuleId } = await create({ ...leads, assignmentRuleId: '01QHp0000000001' });
  assert.equal(assignmentRuleId, '01QHp0000000001MAA');
  assert.equal((await reached(id, 'Open')).assignmentRuleId, assignmentRuleId);
  for (const wrong of ['x', '001Hp0000000001AAA', 5]) {
    const answer = await org.request('POST', jobs, { body: { ...leads, assignmentRuleId: wrong } });
    assert.equal(answer.status, 400);
  }
});

test('two jobs with the same upserts create each record once', async () => {
  const upsert = { object: 'Account', operation: 'upsert', externalIdFieldName: 'External_Id__c' };
  const csv = `External_Id__c,Name\n${Array.from({ length: 50 }, (_, i) => `same-${i},Same\n`).join('')}`;
  const [first, second] = await Promise.all([run(upsert, csv), run(upsert, csv)]);
  assert.deepEqual([first.numberRecordsFailed, second.numberRecordsFailed], [0, 0]);
  const created = await Promise.all(
    [first, second].map(async ({ id }) => readCsv(await part(id, 'successfulResults')).slice(1)),
  );
  assert.equal(created.flat().filter(([, isCreated]) => isCreated === 'true').length, 50);
  const made = await org.db.query(sql`SELECT FROM org."Account" WHERE "Name" = 'Same'`);
  assert.equal(made.length, 50);
});
