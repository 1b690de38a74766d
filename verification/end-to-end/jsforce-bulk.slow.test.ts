import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { before, test } from 'node:test';
import { refusalOf, savedIds } from '@lockstep/harness/jsforce';
import { forEachRoute } from '@lockstep/harness/jsforce-ways';
import type { TestOrg } from '@lockstep/harness/org';
import type { Connection, Schema, SObject } from 'jsforce';

forEachRoute({ records: 500, ways: ['directly', 'through the proxy by its host'] }, (reached) => {
  let org: TestOrg;
  let conn: Connection;
  let accounts: SObject<Schema, 'Account'>;

  before(async () => {
    org = reached().org;
    conn = await reached().connect();
    conn.bulk2.pollInterval = 20;
    conn.bulk2.pollTimeout = 30_000;
    accounts = conn.sobject('Account');
  });

  const rows = (site: string, size: number) =>
    Array.from({ length: size }, (_, i) => ({
      Name: `${site}, "${i}"`,
      Site: site,
      External_Id__c: `${site}-${i}`,
    }));

  const csvOf = (...lines: string[]) => `${lines.join('\n')}\n`;

  type BulkRows = Awaited<ReturnType<typeof conn.bulk2.query>>;

  const allOf = (stream: BulkRows): Promise<Record<string, string>[]> =>
    new Promise((resolve, reject) => {
      const records: Record<string, string>[] = [];
      stream.on('record', (record: Record<string, string>) => records.push(record));
      stream.on('end', () => resolve(records));
      stream.on('error', reject);
    });

  const query = async (soql: string, options: Parameters<typeof conn.bulk2.query>[1] = {}) =>
    allOf(await conn.bulk2.query(soql, options));

  test('jobs insert, update, upsert and delete records, and report on each', async () => {
    const load = (operation: 'insert' | 'update' | 'upsert' | 'delete', input: object[]) =>
      conn.bulk2.loadAndWaitForResults({
        object: 'Account',
        operation,
        input: input as Record<string, unknown>[],
        ...(operation === 'upsert' && { externalIdFieldName: 'External_Id__c' }),
      });

    const inserted = await load('insert', rows('job', 20));
    assert.deepEqual([inserted.successfulResults.length, inserted.failedResults.length], [20, 0]);
    assert.ok(inserted.successfulResults.every((row) => row.sf__Created === 'true'));
    assert.equal(await accounts.count({ Site: 'job' }), 20);
    const ids = inserted.successfulResults.map((row) => row.sf__Id);

    const updated = await load('update', [
      ...ids.slice(1).map((Id) => ({ Id, Site: 'moved' })),
      { Id: ids[0], Site: 'x'.repeat(100) },
    ]);
    assert.equal(updated.successfulResults.length, 19);
    const [failed] = updated.failedResults as object[] as Record<string, string>[];
    assert.equal(updated.failedResults.length, 1);
    assert.equal(failed?.Id, ids[0]);
    assert.match(failed?.sf__Error ?? '', /^STRING_TOO_LONG:/);
    assert.equal(await accounts.count({ Site: 'moved' }), 19);

    const upserted = await load('upsert', [
      { External_Id__c: 'job-0', Name: 'Old', Site: 'again' },
      { External_Id__c: 'job-new', Name: 'New', Site: 'again' },
    ]);
    assert.deepEqual(upserted.successfulResults.map((row) => row.sf__Created).toSorted(), ['false', 'true']);

    const deleted = await load(
      'delete',
      ids.map((Id) => ({ Id })),
    );
    assert.equal(deleted.successfulResults.length, 20);
    assert.deepEqual(deleted.unprocessedRecords, []);
    assert.equal(await accounts.count({ Site: 'moved' }), 0);
  });

  test('a job takes CSV as text and as a stream, and reports its state', async () => {
    const csv = csvOf('Name,Site', '"Comma, quoted",csv', 'Ünicode,csv');
    for (const input of [csv, Readable.from([csv.slice(0, 15), csv.slice(15)])]) {
      const job = conn.bulk2.createJob({ operation: 'insert', object: 'Account' });
      assert.equal((await job.open()).state, 'Open');
      await job.uploadData(input);
      await job.close();
      await job.poll();
      const info = await job.check();
      assert.deepEqual(
        [info.state, info.numberRecordsProcessed, info.jobType],
        ['JobComplete', 2, 'V2Ingest'],
      );
      assert.match(await job.getSuccessfulResults(true), /^"sf__Id","sf__Created",/);
      await job.delete();
      assert.equal(
        (await refusalOf(conn.bulk2.job('ingest', { id: job.id }).check())).errorCode,
        'NOT_FOUND',
      );
    }
    const found = await accounts.find({ Site: 'csv' }, 'Name').sort('Name', 'ASC');
    assert.deepEqual(new Set(found.map(({ Name }) => Name)), new Set(['Comma, quoted', 'Ünicode']));
  });

  test('an empty value leaves a field unchanged, and #N/A empties it', async () => {
    const [id = ''] = savedIds(await accounts.create([{ Name: 'Keep', Site: 'old', Phone: '1' }]));
    await conn.bulk2.loadAndWaitForResults({
      object: 'Account',
      operation: 'update',
      input: csvOf('Id,Site,Phone', `${id},,#N/A`),
    });
    const read = await accounts.retrieve(id);
    assert.deepEqual([read.Site, read.Phone], ['old', null]);
  });

  test('a job that was aborted processes nothing', async () => {
    const job = conn.bulk2.createJob({ operation: 'insert', object: 'Account' });
    await job.open();
    await job.uploadData(rows('aborted', 3));
    await job.abort();
    assert.equal((await job.check()).state, 'Aborted');
    assert.equal((await refusalOf(job.poll())).message, 'Job has been aborted');
    assert.equal(await accounts.count({ Site: 'aborted' }), 0);
  });

  test('a job that failed says why', async () => {
    await org.control('/jobs/fault', {
      next: 'ingest',
      fault: { kind: 'fail', errorMessage: 'InternalServerError : no' },
    });
    const failed = await refusalOf(
      conn.bulk2.loadAndWaitForResults({ object: 'Account', operation: 'insert', input: rows('failed', 2) }),
    );
    assert.equal(failed.message, 'Ingest job failed to complete due to: InternalServerError : no');
    const wrong = await refusalOf(
      conn.bulk2.loadAndWaitForResults({ object: 'Account', operation: 'insert', input: csvOf('Nope', 'x') }),
    );
    assert.match(
      wrong.message,
      /^Ingest job failed to complete due to: InvalidBatch : Field name not found : Nope/,
    );
  });

  test('a job that is not done in time ends the wait, not the job', async () => {
    await org.control('/jobs/fault', { next: 'query', fault: { kind: 'stay' } });
    const job = conn.bulk2.query('SELECT Id FROM Account', { pollTimeout: 100 });
    const { name } = await refusalOf(job);
    assert.equal(name, 'JobPollingTimeout');
  });

  test('a query job that was aborted gives no result', async () => {
    await org.control('/jobs/fault', { next: 'query', fault: { kind: 'stay' } });
    const { id } = await conn.requestPost<{ id: string }>('/jobs/query', {
      operation: 'query',
      query: 'SELECT Id FROM Account',
    });
    const job = conn.bulk2.job('query', { id });
    assert.equal((await job.abort()).state, 'Aborted');
    assert.equal((await refusalOf(job.poll())).message, 'Job has been aborted');
  });

  test('the error for a refused job has the org’s code', async () => {
    const job = conn.bulk2.createJob({ operation: 'insert', object: 'Nope' });
    assert.equal((await refusalOf(job.open())).errorCode, 'INVALIDENTITY');
    assert.equal((await refusalOf(query('SELECT Nope FROM Account'))).errorCode, 'INVALID_FIELD');
    assert.equal((await refusalOf(query('SELECT count() FROM Account'))).errorCode, 'API_ERROR');
  });

  test('a bulk query gives all records as a stream of records and of CSV', async () => {
    const expected = await conn.query('SELECT Id, Name FROM Account', { autoFetch: true });
    const records = await query('SELECT Id, Name, Owner.Username FROM Account');
    assert.deepEqual(
      new Map(records.map(({ Id, Name }) => [Id, Name])),
      new Map(expected.records.map(({ Id, Name }) => [Id, Name])),
    );
    assert.ok(records.every((record) => record['Owner.Username']));
    const stream = (await conn.bulk2.query('SELECT Id FROM Account LIMIT 2', { lineEnding: 'CRLF' })).stream(
      'csv',
    );
    let csv = '';
    for await (const chunk of stream) csv += String(chunk);
    assert.match(csv, /^"Id"\r?\n"001/);
  });

  test('a bulk query with scanAll finds what was deleted', async () => {
    const ids = savedIds(await accounts.create(rows('scanned', 2)));
    await accounts.destroy(ids[0] ?? '');
    const soql = "SELECT Id, IsDeleted FROM Account WHERE Site = 'scanned'";
    assert.equal((await query(soql)).length, 1);
    const all = await query(soql, { scanAll: true });
    assert.deepEqual(
      new Map(all.map(({ Id, IsDeleted }) => [Id, IsDeleted])),
      new Map([
        [ids[0], 'true'],
        [ids[1], 'false'],
      ]),
    );
  });

  test('the result of a query job can be read by the job’s id alone', async () => {
    const started = await conn.requestPost<{ id: string }>('/jobs/query', {
      operation: 'query',
      query: 'SELECT Id FROM Contact',
    });
    const job = conn.bulk2.job('query', { id: started.id });
    await job.poll();
    const records = await allOf(await job.result());
    assert.equal(records.length, (await conn.query('SELECT count() FROM Contact')).totalSize);
    await job.delete();
    assert.equal(
      (await refusalOf(conn.bulk2.job('query', { id: started.id }).check())).errorCode,
      'NOT_FOUND',
    );
  });

  test('a query destroys what it finds with a job', async () => {
    await accounts.create(rows('destroy', 30));
    const found = accounts.find({ Site: 'destroy' }, 'Id');
    const results = await found.destroy('Account', { bulkThreshold: 10, bulkApiVersion: 2 });
    assert.equal(savedIds(results).length, 30);
    assert.equal(await accounts.count({ Site: 'destroy' }), 0);
  });
});
