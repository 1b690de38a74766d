import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { after, test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { startOrg } from '@lockstep/harness/org';

const org = await startOrg({ records: 300 });
after(() => org[Symbol.asyncDispose]());

const data = '/services/data/v62.0';
const bearer = `Bearer ${await org.token('demo')}`;

interface File {
  part: string;
  bytes: Buffer;
  name?: string;
}

async function sendForm(method: string, path: string, json: object | null, ...files: File[]) {
  const form = new FormData();
  if (json) form.append('entity_any', new Blob([JSON.stringify(json)], { type: 'application/json' }));
  for (const { part, bytes, name } of files) form.append(part, new Blob([Uint8Array.from(bytes)]), name);
  const answer = await fetch(`${org.url}${data}${path}`, {
    method,
    body: form,
    headers: { Authorization: bearer },
  });
  const text = await answer.text();
  return { status: answer.status, text, json: text ? (JSON.parse(text) as unknown) : undefined };
}

async function created(path: string, json: object, ...files: File[]): Promise<string> {
  const answer = await sendForm('POST', path, json, ...files);
  assert.equal(answer.status, 201, answer.text);
  return (answer.json as { id: string }).id;
}

async function bytesOf(path: string, method = 'GET') {
  const answer = await fetch(`${org.url}${data}${path}`, {
    method,
    headers: { Authorization: bearer },
  });
  return { status: answer.status, headers: answer.headers, bytes: Buffer.from(await answer.arrayBuffer()) };
}

async function record(sobject: string, id: string): Promise<Record<string, unknown>> {
  const answer = await org.request('GET', `${data}/sobjects/${sobject}/${id}`);
  assert.equal(answer.status, 200, answer.text);
  return answer.json as Record<string, unknown>;
}

const account = async () => {
  const made = await org.request('POST', `${data}/sobjects/Account`, { body: { Name: 'With files' } });
  return (made.json as { id: string }).id;
};

const blobs = async () => {
  const [row] = await org.db.query<{ count: number }>(sql`SELECT count(*) AS count FROM simulator.blob`);
  return row?.count;
};

const folder = async () => {
  const [row] = await org.db.query<{ Id: string }>(sql`SELECT "Id" FROM org."Folder" LIMIT 1`);
  return row?.Id;
};

const user = async () => {
  const [row] = await org.db.query<{ Id: string }>(sql`SELECT "Id" FROM org."User" LIMIT 1`);
  return row?.Id;
};

const code = (answer: { json: unknown }) => (answer.json as { errorCode: string }[])[0]?.errorCode;

test('a file of several pieces comes back byte for byte', async () => {
  const bytes = randomBytes(3 * 1024 * 1024 + 17);
  const id = await created(
    '/sobjects/ContentVersion',
    { Title: 'Noise' },
    { part: 'VersionData', bytes, name: 'noise.pdf' },
  );

  const read = await bytesOf(`/sobjects/ContentVersion/${id}/VersionData`);
  assert.equal(read.status, 200);
  assert.ok(read.bytes.equals(bytes));
  assert.equal(read.headers.get('content-length'), String(bytes.length));
  assert.equal(read.headers.get('content-type'), 'application/octet-stream');
  const version = await record('ContentVersion', id);
  assert.equal(version.PathOnClient, 'noise.pdf');
  assert.equal(version.ContentSize, bytes.length);
  assert.equal(version.Checksum, createHash('md5').update(bytes).digest('hex'));
  assert.equal(version.FileType, 'PDF');
  assert.equal(version.VersionData, `${data}/sobjects/ContentVersion/${id}/VersionData`);
});

test('HEAD returns the length and no bytes', async () => {
  const parent = await account();
  const id = await created(
    '/sobjects/Attachment',
    { Name: 'a.txt', ContentType: 'text/plain', ParentId: parent },
    { part: 'Body', bytes: Buffer.from('hello') },
  );
  const head = await bytesOf(`/sobjects/Attachment/${id}/body`, 'HEAD');
  assert.equal(head.status, 200);
  assert.equal(head.headers.get('content-length'), '5');
  assert.equal(head.headers.get('content-type'), 'text/plain');
  assert.equal(head.bytes.length, 0);
});

test('a form changes the bytes of an attachment and of a document', async () => {
  const id = await created(
    '/sobjects/Document',
    {
      Name: 'Brochure',
      DeveloperName: 'Brochure',
      AuthorId: await user(),
      FolderId: await folder(),
      Type: 'txt',
    },
    { part: 'Body', bytes: Buffer.from('first') },
  );
  const changed = await sendForm(
    'PATCH',
    `/sobjects/Document/${id}`,
    { Keywords: 'new' },
    {
      part: 'Body',
      bytes: Buffer.from('the second'),
    },
  );
  assert.equal(changed.status, 204, changed.text);
  const { bytes } = await bytesOf(`/sobjects/Document/${id}/Body`);
  assert.equal(bytes.toString(), 'the second');
  const document = await record('Document', id);
  assert.deepEqual([document.Keywords, document.BodyLength], ['new', 10]);
});

test('the bytes of a version cannot be changed', async () => {
  const id = await created(
    '/sobjects/ContentVersion',
    {},
    { part: 'VersionData', bytes: Buffer.from('v'), name: 'v.txt' },
  );
  const answer = await sendForm(
    'PATCH',
    `/sobjects/ContentVersion/${id}`,
    {},
    {
      part: 'VersionData',
      bytes: Buffer.from('w'),
    },
  );
  assert.equal(answer.status, 400);
  assert.equal(code(answer), 'INVALID_FIELD_FOR_INSERT_UPDATE');
});

test('a collection accepts a part for each record', async () => {
  const parent = await account();
  const attachment = (binaryPartName: string, more: object = {}) => ({
    attributes: { type: 'Attachment', binaryPartName, binaryPartNameAlias: 'Body' },
    Name: `${binaryPartName}.txt`,
    ParentId: parent,
    ...more,
  });
  const before = Number(await blobs());
  const answer = await sendForm(
    'POST',
    '/composite/sobjects',
    {
      allOrNone: false,
      records: [attachment('one'), attachment('two', { Name: null }), attachment('three')],
    },
    { part: 'one', bytes: Buffer.from('1') },
    { part: 'two', bytes: Buffer.from('22') },
    { part: 'three', bytes: Buffer.from('333') },
  );
  assert.equal(answer.status, 200, answer.text);
  const results = answer.json as { id?: string; success: boolean }[];
  assert.deepEqual(
    results.map(({ success }) => success),
    [true, false, true],
  );
  assert.equal((await bytesOf(`/sobjects/Attachment/${results[2]?.id}/Body`)).bytes.toString(), '333');
  assert.equal(Number(await blobs()) - before, 2, 'the bytes of the failed record are deleted');
});

test('a refused request leaves no bytes behind', async () => {
  const before = await blobs();
  const bytes = Buffer.from('x');
  const version = '/sobjects/ContentVersion';
  const answers = [
    await sendForm('POST', version, null, { part: 'VersionData', bytes, name: 'x.txt' }),
    await sendForm('POST', version, { Nme: 'x' }, { part: 'VersionData', bytes, name: 'x.txt' }),
    await sendForm('POST', version, {}, { part: 'Nothing', bytes, name: 'x.txt' }),
    await sendForm('POST', version, {}, { part: 'VersionData', bytes, name: 'x' }, { part: 'Body', bytes }),
    await sendForm('POST', version, { Title: 'no bytes' }),
    await sendForm('POST', '/sobjects/Nobody', {}, { part: 'VersionData', bytes, name: 'x.txt' }),
    await sendForm('POST', '/composite/sobjects', {
      records: [{ attributes: { type: 'Attachment', binaryPartName: 'a', binaryPartNameAlias: 'Body' } }],
    }),
  ];
  assert.deepEqual(
    answers.map((answer) => [answer.status, code(answer)]),
    [
      [400, 'INVALID_MULTIPART_REQUEST'],
      [400, 'INVALID_FIELD'],
      [400, 'INVALID_FIELD'],
      [400, 'INVALID_MULTIPART_REQUEST'],
      [400, 'REQUIRED_FIELD_MISSING'],
      [404, 'NOT_FOUND'],
      [400, 'INVALID_MULTIPART_REQUEST'],
    ],
  );
  assert.equal(await blobs(), before);
});

test('a truncated or malformed form is refused', async () => {
  const before = await blobs();
  const json =
    '--b\r\nContent-Disposition: form-data; name="e"\r\nContent-Type: application/json\r\n\r\n{}\r\n';
  const file = '--b\r\nContent-Disposition: form-data; name="VersionData"; filename="x.txt"\r\n\r\nbytes';
  for (const [type, body] of [
    ['multipart/form-data; boundary=b', json + file],
    ['multipart/form-data; boundary=b', json.replace('{}', '{') + `${file}\r\n--b--\r\n`],
    ['multipart/form-data; boundary=b', 'nothing'],
    ['multipart/form-data', `${json + file}\r\n--b--\r\n`],
  ] as const) {
    const answer = await org.request('POST', `${data}/sobjects/ContentVersion`, {
      body,
      headers: { 'Content-Type': type },
    });
    assert.equal(answer.status, 400, `${type} ${answer.text}`);
  }
  assert.equal(await blobs(), before);
});

test('a form over the size limit is refused before it is read', async () => {
  const status = await new Promise<number | undefined>((resolve, reject) => {
    const request = httpRequest(`${org.url}${data}/sobjects/Attachment`, {
      method: 'POST',
      headers: {
        Authorization: bearer,
        'Content-Type': 'multipart/form-data; boundary=b',
        'Content-Length': String(600 * 1024 * 1024),
      },
    });
    request.on('error', reject).on('response', (answer) => {
      resolve(answer.statusCode);
      request.destroy();
    });
    request.flushHeaders();
  });
  assert.equal(status, 413);
});

test('a client that disconnects in the middle of its file leaves nothing behind', async () => {
  const before = await blobs();
  const request = httpRequest(`${org.url}${data}/sobjects/ContentVersion`, {
    method: 'POST',
    headers: { Authorization: bearer, 'Content-Type': 'multipart/form-data; boundary=b' },
  });
  request.on('error', () => undefined);
  request.write(
    '--b\r\nContent-Disposition: form-data; name="VersionData"; filename="x"\r\n\r\nsome bytes of it',
  );
  while ((await blobs()) === before);
  request.destroy();
  while ((await blobs()) !== before);
});

test('bytes can only be requested by GET, and not within a composite', async () => {
  const id = await created(
    '/sobjects/ContentVersion',
    {},
    { part: 'VersionData', bytes: Buffer.from('v'), name: 'v.txt' },
  );
  const path = `${data}/sobjects/ContentVersion/${id}/VersionData`;
  assert.equal((await org.request('DELETE', path)).status, 405);
  const composite = await org.request('POST', `${data}/composite`, {
    body: { compositeRequest: [{ method: 'GET', referenceId: 'a', url: path }] },
  });
  const { compositeResponse } = composite.json as { compositeResponse: { httpStatusCode: number }[] };
  assert.equal(compositeResponse[0]?.httpStatusCode, 404);
  assert.equal((await bytesOf(`/sobjects/ContentVersion/068000000000001AAA/VersionData`)).status, 404);
});

test('at its start the org deletes bytes that no record names any more', async () => {
  const parent = await account();
  const file = { part: 'Body', bytes: Buffer.from('kept') };
  const id = await created('/sobjects/Attachment', { Name: 'a', ParentId: parent }, file);
  await sendForm('PATCH', `/sobjects/Attachment/${id}`, {}, { part: 'Body', bytes: Buffer.from('newer') });
  const before = Number(await blobs());
  await org.db.query(sql`INSERT INTO simulator.blob DEFAULT VALUES`);

  await org.restart();

  assert.ok(Number(await blobs()) < before, 'the replaced and the unfinished ones are deleted');
  assert.equal((await bytesOf(`/sobjects/Attachment/${id}/Body`)).bytes.toString(), 'newer');
});
