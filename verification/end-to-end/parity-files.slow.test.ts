import { randomBytes } from 'node:crypto';
import { type Case, compareCases, openParity } from '@lockstep/harness/parity';

const gzip = 'Accept-Encoding: gzip';
const csv = 'Content-Type: text/csv';
const bytes = randomBytes(70_000);

const boundary = 'a-boundary';
const form = `Content-Type: multipart/form-data; boundary="${boundary}"`;
const formOf = (record: object) =>
  Buffer.concat([
    Buffer.from(
      `--${boundary}\r\nContent-Disposition: form-data; name="entity_content"\r\nContent-Type: application/json\r\n\r\n` +
        `${JSON.stringify(record)}\r\n--${boundary}\r\nContent-Disposition: form-data; name="VersionData"; ` +
        'filename="file.bin"\r\nContent-Type: application/octet-stream\r\n\r\n',
    ),
    bytes,
    Buffer.from(`\r\n--${boundary}--\r\n`),
  ]);

const files: Case[] = [
  { name: 'a file as a form', ask: 'POST /sobjects/ContentVersion', headers: [form], body: formOf({ Title: 'Form', PathOnClient: 'file.bin' }), status: 201, applied: 'no', keep: { form: /"id":"(\w{18})"/ } },
  { name: 'its record', ask: 'GET /sobjects/ContentVersion/{form}', status: 200 },
  { name: 'its bytes', ask: 'GET /sobjects/ContentVersion/{form}/VersionData', status: 200 },
  { name: 'a HEAD of its bytes', ask: 'HEAD /sobjects/ContentVersion/{form}/VersionData', status: 200 },
  { name: 'its bytes, with a compressed answer accepted', ask: 'GET /sobjects/ContentVersion/{form}/VersionData', headers: [gzip], status: 200 },
  { name: 'a file as base64', ask: 'POST /sobjects/ContentVersion', body: { Title: 'Text', PathOnClient: 'a.txt', VersionData: bytes.toString('base64') }, status: 201, applied: 'no', keep: { text: /"id":"(\w{18})"/ } },
  { name: 'its bytes as they were', ask: 'GET /sobjects/ContentVersion/{text}/VersionData', status: 200 },
  { name: 'a form that is broken', ask: 'POST /sobjects/ContentVersion', headers: [form], body: `--${boundary}\r\nnonsense`, status: 400, applied: 'no' },
  { name: 'a file of a missing record', ask: 'GET /sobjects/ContentVersion/068000000000000AAA/VersionData', status: 404 },
]; // biome-ignore format: a table

const rows = Array.from({ length: 300 }, (_, i) => `"Job, ${i}",job,job-${i}`);
const ingest: Case[] = [
  { name: 'an ingest job', ask: 'POST /jobs/ingest', body: { object: 'Account', operation: 'insert', contentType: 'CSV', lineEnding: 'LF' }, status: 200, applied: 'poll', keep: { ingest: /"id":"(\w{18})"/ } },
  { name: 'its CSV', ask: 'PUT /jobs/ingest/{ingest}/batches', headers: [csv], body: `Name,Site,External_Id__c\n${rows.join('\n')}\n,job,nameless\n`, status: 201, applied: 'no' },
  { name: 'its end', ask: 'PATCH /jobs/ingest/{ingest}', body: { state: 'UploadComplete' }, status: 200, applied: 'poll' },
  { name: 'its progress', ask: 'GET /jobs/ingest/{ingest}', until: /"state":"(JobComplete|Failed)"/, status: 200, differs: ['working time'] },
  { name: 'its written records', ask: 'GET /jobs/ingest/{ingest}/successfulResults', status: 200 },
  { name: 'its written records, compressed', ask: 'GET /jobs/ingest/{ingest}/successfulResults', headers: [gzip], status: 200 },
  { name: 'its refused records', ask: 'GET /jobs/ingest/{ingest}/failedResults', status: 200 },
  { name: 'its unprocessed records', ask: 'GET /jobs/ingest/{ingest}/unprocessedrecords', status: 200 },
  { name: 'a second end', ask: 'PATCH /jobs/ingest/{ingest}', body: { state: 'UploadComplete' }, status: 400, applied: 'no' },
  { name: 'a job as a form with its CSV', ask: 'POST /jobs/ingest', headers: [form], body: `--${boundary}\r\nContent-Type: application/json\r\nContent-Disposition: form-data; name="job"\r\n\r\n{"object":"Contact","contentType":"CSV","operation":"insert","lineEnding":"LF"}\r\n--${boundary}\r\nContent-Type: text/csv\r\nContent-Disposition: form-data; name="content"; filename="content"\r\n\r\nLastName\nForm\n\r\n--${boundary}--\r\n`, status: 200, applied: 'poll', keep: { inForm: /"id":"(\w{18})"/ } },
  { name: 'the progress of that job', ask: 'GET /jobs/ingest/{inForm}', until: /"state":"(JobComplete|Failed)"/, status: 200, differs: ['working time'] },
  { name: 'all jobs', ask: 'GET /jobs/ingest', status: 200, differs: ['working time'] },
  { name: 'the deletion of a job', ask: 'DELETE /jobs/ingest/{ingest}', status: 204, applied: 'poll' },
  { name: 'a job that is gone', ask: 'GET /jobs/ingest/{ingest}', status: 404 },
]; // biome-ignore format: a table

const query: Case[] = [
  { name: 'a query job', ask: 'POST /jobs/query', body: { operation: 'query', query: 'SELECT Id, Name, AnnualRevenue, CreatedDate FROM Account' }, status: 200, keep: { query: /"id":"(\w{18})"/ } },
  { name: 'the progress of the query', ask: 'GET /jobs/query/{query}', until: /"state":"(JobComplete|Failed)"/, status: 200, differs: ['working time'] },
  { name: 'a first page of its result', ask: 'GET /jobs/query/{query}/results?maxRecords=100', status: 200, keep: { locator: /Sforce-Locator: (\S+)/i } },
  { name: 'a second page', ask: 'GET /jobs/query/{query}/results?maxRecords=100&locator={locator}', status: 200 },
  { name: 'the whole result, compressed', ask: 'GET /jobs/query/{query}/results', headers: [gzip], status: 200 },
  { name: 'the pages of the result', ask: 'GET /jobs/query/{query}/resultPages', status: 200 },
  { name: 'its result in another version', ask: 'GET /services/data/v60.0/jobs/query/{query}/results', status: 409 },
  { name: 'an abort of a job that has ended', ask: 'PATCH /jobs/query/{query}', body: { state: 'Aborted' }, status: 400 },
  { name: 'the deletion of a query job', ask: 'DELETE /jobs/query/{query}', status: 204 },
  { name: 'a query job that is refused', ask: 'POST /jobs/query', body: { operation: 'query', query: 'SELECT count() FROM Account' }, status: 400 },
]; // biome-ignore format: a table

const elsewhere: Case[] = [
  { name: 'Bulk API 1.0, which has its own header for the token', ask: 'POST /services/async/62.0/job', anonymous: true, headers: ['X-SFDC-Session: {token}'], body: { operation: 'insert', object: 'Account' }, status: 404, applied: 'no' },
]; // biome-ignore format: a table

const parity = await openParity({ records: 500, sobjects: ['Account', 'Contact'] });
for (const side of ['direct', 'proxied'] as const) parity.known[side].set('token', parity.token);
compareCases(parity, [...files, ...ingest, ...query, ...elsewhere]);
