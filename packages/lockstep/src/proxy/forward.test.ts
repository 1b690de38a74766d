import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import {
  openProxyHarness,
  type ProxyHarness,
  type RawAnswer,
  requestText,
  sendRaw,
  syncId,
  through,
} from '@lockstep/harness/proxy-harness';

const rows = '/services/data/v64.0/sobjects/Account';
const id = '001D000000IqhSLIAZ';

/** Headers that belong to the connection or to us. Everything else must be equal. */
const ours = /^(?:connection|keep-alive|transfer-encoding|lockstep-applied|lockstep-outcome):/i;
const comparable = (answer: RawAnswer) => ({
  statusLine: answer.statusLine,
  lines: answer.lines.filter((line) => !ours.test(line)),
  body: answer.body.toString('base64'),
});

async function directAndThrough(harness: ProxyHarness, method: string, path: string, body?: string) {
  const direct = await sendRaw(harness.org.port, requestText(method, path, { host: harness.org.host, body }));
  return { direct: comparable(direct), proxied: comparable(await through(harness, method, path, { body })) };
}

const date = ['Date', 'Tue, 24 Nov 2026 08:00:00 GMT'];
const head = (response: ServerResponse, status: number, text: string, headers: string[]) => {
  response.sendDate = false;
  return response.writeHead(status, text, [...headers, ...date]);
};

test('an answer through the proxy is the answer without it, byte for byte', async () => {
  await using harness = await openProxyHarness();
  const json = `{"records":[{"Name":"Zoë \u{1F600}\\u0000"}]}`;
  const zipped = gzipSync(json);
  const error = '[{"message":"The resource","errorCode":"JSON_PARSER_ERROR"}]';
  const answers: [string, (response: ServerResponse) => unknown][] = [
    ['plain JSON', (r) => head(r, 200, 'OK', ['content-TYPE', 'application/json', 'Content-Length', String(Buffer.byteLength(json))]).end(json)],
    ['no content', (r) => head(r, 204, 'No Content', ['Sforce-Limit-Info', 'api-usage=1/2']).end()],
    ['not modified', (r) => head(r, 304, 'Not Modified', ['ETag', '"a-gzip"']).end()],
    ['gzip', (r) => head(r, 200, 'OK', ['Content-Encoding', 'gzip', 'Content-Length', String(zipped.length)]).end(zipped)],
    ['repeated and odd headers', (r) => head(r, 200, 'OK', ['X-A', '1', 'x-a', '2', 'X-LATIN', '\u00e9', 'Content-Length', '0']).end()],
    ['chunks', (r) => { head(r, 200, 'OK', []); r.write(json); r.write(json); r.end(json); }],
    ['redirect', (r) => head(r, 302, 'Found', ['Location', 'https://elsewhere.example/', 'Content-Length', '0']).end()],
    ['error', (r) => head(r, 400, 'Bad Request', ['Content-Type', 'application/json', 'Content-Length', String(error.length)]).end(error)],
    ['strange status text', (r) => head(r, 420, 'Enhance Your Calm', ['Content-Length', '0']).end()],
    ['server error page', (r) => head(r, 503, 'Service Unavailable', ['Content-Type', 'text/html']).end('<html>')],
  ]; // biome-ignore format: a table
  const requests = [
    ['GET', `${rows}/${id}`],
    ['POST', rows],
    ['PATCH', `${rows}/${id}`],
    ['POST', '/services/data/v64.0/composite'],
  ] as const;
  for (const [name, answer] of answers) {
    harness.org.answer = (_, response) => answer(response);
    for (const [method, path] of requests) {
      const { direct, proxied } = await directAndThrough(
        harness,
        method,
        path,
        method === 'GET' ? undefined : '{}',
      );
      assert.deepEqual(proxied, direct, `${name}, ${method} ${path}`);
    }
  }
});

test('the answer to HEAD keeps its Content-Length', async () => {
  await using harness = await openProxyHarness();
  harness.org.answer = (_, response) => head(response, 200, 'OK', ['Content-Length', '4711']).end();
  const { direct, proxied } = await directAndThrough(harness, 'HEAD', `${rows}/${id}`);
  assert.deepEqual(proxied, direct);
  assert(proxied.lines.includes('Content-Length: 4711'));
});

test('cookies from Salesforce do not reach the caller', async () => {
  await using harness = await openProxyHarness();
  harness.org.answer = (_, r) =>
    head(r, 200, 'OK', ['Set-Cookie', 'BrowserId=1', 'X-A', '1', 'Content-Length', '0']).end();
  const answer = await through(harness, 'GET', '/services/data/v64.0/limits');
  assert.equal(answer.header('Set-Cookie'), undefined);
  assert.equal(answer.header('X-A'), '1');
});

test('a request reaches Salesforce with its bytes and headers, without hop-by-hop headers and cookies', async () => {
  await using harness = await openProxyHarness();
  const body = '{"Name":"Zo\u00eb \u{1F600}"}';
  const kept = [
    'X-PrettyPrint: 1',
    'sforce-Call-Options: client=a',
    'If-Match: "x"',
    'Content-Type: application/json',
    'x-a: 1',
    'X-A: 2',
  ];
  const dropped = [
    'Cookie: sid=1', 'X-Forwarded-For: 1.2.3.4', 'X-Forwarded-Host: evil', 'Forwarded: for=x', 'Via: 1.1 x', 'TE: trailers',
    'Keep-Alive: timeout=5', 'Proxy-Authorization: Basic x', 'Upgrade: h2c', 'Connection: authorization, x-hop, upgrade', 'X-Hop: 1',
  ]; // biome-ignore format: a list
  const answer = await through(harness, 'POST', `${rows}?a=b//%2F;c`, {
    headers: [...kept, ...dropped],
    body,
  });
  assert.equal(answer.status, 204);
  const [seen, ...more] = harness.org.seen;
  assert(seen);
  assert.equal(more.length, 0);
  assert.equal(seen.url, `${rows}?a=b//%2F;c`);
  assert.equal(seen.body.toString('utf8'), body);
  const lines = seen.rawHeaders.flatMap((name, at) =>
    at % 2 === 0 ? [`${name}: ${seen.rawHeaders[at + 1]}`] : [],
  );
  const expected = [
    `host: ${harness.org.host}`,
    'connection: keep-alive',
    'Authorization: Bearer 00D000000000AbC!canary.token',
    ...kept,
  ];
  assert.deepEqual(lines, [...expected, `content-length: ${Buffer.byteLength(body)}`]);
});

test('a chunked upload arrives whole', async () => {
  await using harness = await openProxyHarness();
  const text = requestText('POST', `/${syncId}${rows}`, { headers: ['Transfer-Encoding: chunked'] });
  await sendRaw(harness.proxy.port, `${text}3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n`);
  assert.equal(harness.org.seen[0]?.body.toString(), 'abcde');
});

test('a caller who expects 100 Continue gets it and is served', async () => {
  await using harness = await openProxyHarness();
  const text = requestText('POST', `/${syncId}${rows}`, { headers: ['Expect: 100-continue'], body: '{}' });
  const answer = await sendRaw(harness.proxy.port, text);
  assert.equal(answer.statusLine, 'HTTP/1.1 100 Continue');
  assert.equal(harness.org.seen[0]?.body.toString(), '{}');
});

test('a large answer waits for its reader without filling memory', async () => {
  await using harness = await openProxyHarness();
  const megabytes = 64; // more than the sockets on the way can buffer
  let sent = 0;
  harness.org.answer = (_, response) => {
    head(response, 200, 'OK', []);
    const block = Buffer.alloc(65_536, 1);
    const more = () => {
      while (sent < megabytes * 16) {
        sent += 1;
        if (!response.write(block)) {
          response.once('drain', more);
          return;
        }
      }
      response.end();
    };
    more();
  };
  const socket = connect(harness.proxy.port, '127.0.0.1');
  socket.write(requestText('GET', `/${syncId}/services/data/v64.0/sobjects/Attachment/${id}/Body`));
  await once(socket, 'readable');
  const before = await untilStill(() => sent);
  assert(before < megabytes * 16 * 0.9, `${before} blocks were read although the caller reads nothing`);
  let bytes = 0;
  for await (const chunk of socket) bytes += (chunk as Buffer).length;
  assert(bytes > megabytes * 1024 * 1024);
});

test('a large upload waits for Salesforce without filling memory', async () => {
  await using harness = await openProxyHarness();
  const megabytes = 64; // more than the sockets on the way can buffer
  const text = requestText('PUT', `/${syncId}/services/data/v64.0/jobs/ingest/750/batches`, {
    headers: [`Content-Length: ${megabytes * 1024 * 1024}`],
  });
  const socket = connect(harness.proxy.port, '127.0.0.1');
  socket.write(text);
  const block = Buffer.alloc(65_536, 1);
  const answered = new Promise<string>((resolve) =>
    socket.once('data', (data) => resolve(data.toString('latin1'))),
  );
  await until(() => harness.org.sockets.size > 0);
  for (const upstream of harness.org.sockets) upstream.pause();
  let sent = 0;
  const pump = () => {
    while (sent < megabytes * 16) {
      sent += 1;
      if (!socket.write(block)) {
        socket.once('drain', pump);
        return;
      }
    }
  };
  pump();
  const before = await untilStill(() => sent);
  assert(before < megabytes * 16 * 0.9, `${before} blocks were read although Salesforce reads nothing`);
  for (const upstream of harness.org.sockets) upstream.resume();
  assert.match(await answered, /^HTTP\/1.1 204 [^]*Lockstep-Applied: no/);
  assert.equal(harness.org.seen[0]?.body.length, megabytes * 1024 * 1024);
});

test('a caller who disconnects during a read cancels it at Salesforce', { timeout: 5_000 }, async () => {
  await using harness = await openProxyHarness({ answerTimeoutMs: 60_000 });
  const asked = new Promise<ServerResponse>(
    (resolve) => (harness.org.answer = (_, response) => resolve(response)),
  );
  const socket = connect(harness.proxy.port, '127.0.0.1');
  socket.write(requestText('GET', `/${syncId}/services/data/v64.0/query?q=x`));
  const response = await asked;
  socket.destroy();
  await once(response, 'close');
  assert.equal(response.writableFinished, false);
});

test('a caller who closes its direction after the request still gets the answer', async () => {
  await using harness = await openProxyHarness();
  const reached = Promise.withResolvers<ServerResponse>();
  harness.org.answer = (_, response) => reached.resolve(response);
  const socket = connect({ port: harness.proxy.port, host: '127.0.0.1', allowHalfOpen: true });
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  socket.end(requestText('PATCH', `/${syncId}${rows}/${id}`, { body: '{}' }));
  const response = await reached.promise;
  await new Promise((resolve) => setTimeout(resolve, 20));
  response.writeHead(204).end();
  await once(socket, 'close');
  const [interim, final] = Buffer.concat(chunks).toString().split('\r\n\r\n');
  assert.match(interim ?? '', /^HTTP\/1\.1 102 /);
  assert.match(final ?? '', /^HTTP\/1\.1 204 [^]*Lockstep-Applied: yes/);
});

test('the answer to a write is read to its end even if the caller has disconnected', {
  timeout: 5_000,
}, async () => {
  await using harness = await openProxyHarness({ answerTimeoutMs: 60_000 });
  const reached = Promise.withResolvers<ServerResponse>();
  harness.org.answer = (_, response) => reached.resolve(response);
  const socket = connect(harness.proxy.port, '127.0.0.1');
  socket.write(requestText('POST', `/${syncId}/services/data/v64.0/actions/standard/x`, { body: '{}' }));
  const response = head(await reached.promise, 200, 'OK', []);
  response.write('begin');
  await once(socket, 'data');
  socket.destroy();
  await once(socket, 'close');
  response.end(Buffer.alloc(64 * 1024 * 1024));
  await once(response, 'finish');
});

test('an answer that is cut off is cut off for the caller too', async () => {
  await using harness = await openProxyHarness();
  harness.org.answer = (_, response) => {
    head(response, 200, 'OK', ['Content-Length', '100']).write('half', () => response.destroy());
  };
  const answer = await through(harness, 'GET', '/services/data/v64.0/limits');
  assert.equal(answer.body.toString(), 'half');
});

test('the headers of an answer do not wait for its body', async () => {
  await using harness = await openProxyHarness();
  const asked = Promise.withResolvers<ServerResponse>();
  harness.org.answer = (_, response) => {
    head(response, 200, 'OK', []).flushHeaders();
    asked.resolve(response);
  };
  const socket = connect(harness.proxy.port, '127.0.0.1');
  socket.write(requestText('GET', `/${syncId}/services/data/v64.0/query?q=x`));
  const [start] = (await once(socket, 'data')) as [Buffer];
  assert.match(start.toString('latin1'), /^HTTP\/1.1 200 OK/);
  (await asked.promise).end();
  await once(socket, 'close');
});

test('redirects are passed on and never followed', async () => {
  await using harness = await openProxyHarness();
  harness.org.answer = (_, r) =>
    head(r, 307, 'Temporary Redirect', [
      'Location',
      `${harness.org.url}/services/data`,
      'Content-Length',
      '0',
    ]).end();
  assert.equal((await through(harness, 'POST', rows, { body: '{}' })).status, 307);
  assert.equal(harness.org.seen.length, 1);
});

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await turn();
}

/** The value once it has not changed for a thousand turns of the event loop. */
async function untilStill(value: () => number): Promise<number> {
  let last = value();
  for (let turns = 0; turns < 1_000; turns++) {
    await turn();
    if (value() !== last) turns = 0;
    last = value();
  }
  return last;
}
