import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, test } from 'node:test';
import { startOrg } from '@lockstep/harness/org';

const org = await startOrg({ records: 300 });
after(() => org[Symbol.asyncDispose]());

const data = '/services/data/v62.0';

const base64 = (text: string) => Buffer.from(text).toString('base64');
const file = (text: string, PathOnClient: string, more: object = {}) => ({
  VersionData: base64(text),
  PathOnClient,
  ...more,
});

const post = (sobject: string, body: object) => org.request('POST', `${data}/sobjects/${sobject}`, { body });

async function make(sobject: string, body: object): Promise<string> {
  const made = await post(sobject, body);
  assert.equal(made.status, 201, made.text);
  return (made.json as { id: string }).id;
}

async function record(sobject: string, id: unknown): Promise<Record<string, unknown>> {
  const answer = await org.request('GET', `${data}/sobjects/${sobject}/${String(id)}`);
  assert.equal(answer.status, 200, answer.text);
  return answer.json as Record<string, unknown>;
}

async function query(soql: string): Promise<Record<string, unknown>[]> {
  const answer = await org.request('GET', `${data}/query?q=${encodeURIComponent(soql)}`);
  assert.equal(answer.status, 200, answer.text);
  return (answer.json as { records: Record<string, unknown>[] }).records;
}

test('a version creates its document and describes its bytes', async () => {
  const id = await make('ContentVersion', file('hello', 'C:\\papers\\Q1 Sales.report.docx'));

  const version = await record('ContentVersion', id);
  assert.equal(version.Title, 'Q1 Sales.report');
  assert.equal(version.FileExtension, 'docx');
  assert.equal(version.FileType, 'WORD_X');
  assert.equal(version.ContentSize, 5);
  assert.equal(version.Checksum, createHash('md5').update('hello').digest('hex'));
  assert.equal(version.IsLatest, true);
  assert.equal(version.VersionNumber, '1');
  const document = await record('ContentDocument', version.ContentDocumentId);
  assert.equal(document.LatestPublishedVersionId, id);
  assert.equal(document.Title, 'Q1 Sales.report');
  assert.equal(document.ContentSize, 5);
  assert.equal(document.OwnerId, version.OwnerId);
  const read = await org.request('GET', `${data}/sobjects/ContentVersion/${id}/VersionData`);
  assert.equal(read.text, 'hello');
});

test('the next version of a document is numbered and replaces the preceding one as the latest', async () => {
  const first = await make('ContentVersion', file('one', 'paper.txt', { Title: 'Paper' }));
  const { ContentDocumentId } = await record('ContentVersion', first);
  const second = await make('ContentVersion', file('the second', 'paper.pdf', { ContentDocumentId }));

  assert.equal((await record('ContentVersion', first)).IsLatest, false);
  const latest = await record('ContentVersion', second);
  assert.deepEqual([latest.IsLatest, latest.VersionNumber], [true, '2']);
  const document = await record('ContentDocument', ContentDocumentId);
  assert.deepEqual(
    [document.LatestPublishedVersionId, document.FileType, document.ContentSize, document.Title],
    [second, 'PDF', 10, 'paper'],
  );
});

test('concurrent versions of one document are numbered consecutively', async () => {
  const first = await make('ContentVersion', file('0', 'race.txt'));
  const { ContentDocumentId } = await record('ContentVersion', first);
  await Promise.all(
    [1, 2, 3].map((n) => make('ContentVersion', file(`${n}`, 'race.txt', { ContentDocumentId }))),
  );
  const versions = await query(
    `SELECT VersionNumber, IsLatest FROM ContentVersion WHERE ContentDocumentId = '${String(ContentDocumentId)}' ORDER BY VersionNumber`,
  );
  assert.deepEqual(
    versions.map(({ VersionNumber, IsLatest }) => [VersionNumber, IsLatest]),
    [
      ['1', false],
      ['2', false],
      ['3', false],
      ['4', true],
    ],
  );
});

test('a file is linked to its owner and to the record where it was first published', async () => {
  const account = await make('Account', { Name: 'With file' });
  const id = await make('ContentVersion', file('x', 'x.png', { FirstPublishLocationId: account }));
  const { ContentDocumentId, OwnerId } = await record('ContentVersion', id);
  const links = await query(
    `SELECT LinkedEntityId, ShareType, Visibility FROM ContentDocumentLink WHERE ContentDocumentId = '${String(ContentDocumentId)}' ORDER BY ShareType`,
  );
  assert.deepEqual(
    links.map(({ LinkedEntityId, ShareType, Visibility }) => [LinkedEntityId, ShareType, Visibility]),
    [
      [OwnerId, 'I', 'AllUsers'],
      [account, 'V', 'AllUsers'],
    ],
  );
});

test('a version requires bytes and a path, a link neither', async () => {
  const answer = await post('ContentVersion', { Title: 'x' });
  assert.deepEqual(answer.json, [
    {
      message: 'Required fields are missing: [VersionData, PathOnClient]',
      errorCode: 'REQUIRED_FIELD_MISSING',
      fields: ['VersionData', 'PathOnClient'],
    },
  ]);
  const link = await make('ContentVersion', { ContentUrl: 'https://example.com/', ContentLocation: 'E' });
  assert.equal((await record('ContentVersion', link)).FileType, 'LINK');
});

test('a document is deleted with its versions and links', async () => {
  const id = await make('ContentVersion', file('x', 'x.txt'));
  const { ContentDocumentId } = await record('ContentVersion', id);
  const gone = await org.request('DELETE', `${data}/sobjects/ContentDocument/${String(ContentDocumentId)}`);
  assert.equal(gone.status, 204, gone.text);
  assert.equal((await org.request('GET', `${data}/sobjects/ContentVersion/${id}`)).status, 404);
  assert.equal((await org.request('GET', `${data}/sobjects/ContentVersion/${id}/VersionData`)).status, 404);
});

test('documents can only be created by their versions', async () => {
  const answer = await post('ContentDocument', { Title: 'x' });
  assert.ok(answer.status >= 400 && answer.status < 500, answer.text);
});

test('an attachment and a document can be sent as base64 too', async () => {
  const account = await make('Account', { Name: 'With attachment' });
  const id = await make('Attachment', { Name: 'a.txt', ParentId: account, Body: base64('hello') });
  assert.equal((await record('Attachment', id)).BodyLength, 5);
  const read = await org.request('GET', `${data}/sobjects/Attachment/${id}/Body`);
  assert.equal(read.text, 'hello');
  assert.equal(read.headers.get('content-length'), '5');
  const seeded = await query('SELECT Id, Body, BodyLength FROM Document WHERE BodyLength > 0 LIMIT 1');
  const body = await org.request('GET', String(seeded[0]?.Body));
  assert.equal(body.text.length, seeded[0]?.BodyLength);
});
