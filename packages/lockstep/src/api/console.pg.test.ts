/** The built console as a browser gets it. */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { after, test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import { type ApiHarness, openApi } from '@lockstep/harness/api-harness';

const parent = await mkdtemp(join(tmpdir(), 'console-'));
after(() => rm(parent, { recursive: true }));
const consoleFolder = join(parent, 'dist');
const page = '<!doctype html><html lang="en"><title>Lockstep</title></html>';
const script = `export const answer = ${'4'.repeat(200)};\n`;
await mkdir(join(consoleFolder, 'assets'), { recursive: true });
await writeFile(join(consoleFolder, 'index.html'), page);
await writeFile(join(consoleFolder, 'icon.svg'), '<svg xmlns="http://www.w3.org/2000/svg"/>');
await writeFile(join(consoleFolder, 'assets', 'main-a1b2c3.js'), script);
await writeFile(join(consoleFolder, 'assets', 'main-a1b2c3.js.gz'), gzipSync(script));
await writeFile(join(consoleFolder, '.stamp'), 'hidden');
await writeFile(join(parent, 'secret.txt'), 'outside');
await mkdir(join(parent, 'dist-old'));
await writeFile(join(parent, 'dist-old', 'secret.txt'), 'outside');

const withConsole = () => openApi([], { consoleFolder });

interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: Buffer;
}
/** The path is sent as it is, and so is the Host header: `fetch` changes both. */
const ask = (api: ApiHarness, path: string, headers: Record<string, string> = {}, method = 'GET') =>
  new Promise<Answer>((resolve, reject) => {
    const options = { host: '127.0.0.1', port: api.port, path, method, headers };
    get(options, (answer) => {
      const { statusCode: status = 0, headers: sent } = answer;
      buffer(answer).then((body) => resolve({ status, headers: sent, body }), reject);
    }).once('error', reject);
  });
const html = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };
/** As a browser opens a link on a page of somebody else. */
const navigation = { ...html, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' };

function assertProblem({ status, headers, body }: Answer, expected: number, code: string): void {
  assert.equal(status, expected, body.toString());
  assert.match(String(headers['content-type']), /^application\/problem\+json/);
  assert.equal((JSON.parse(body.toString()) as { code: string }).code, code);
}

test('every place in the console is the same page, which is asked for anew each time and may load nothing from elsewhere', async () => {
  await using api = await withConsole();
  for (const path of ['/', '/setup', '/syncs/s1/objects/Account?tab=columns', '/errors/SF-01', '/apiary']) {
    const { status, headers, body } = await ask(api, path, navigation);
    assert.deepEqual([status, body.toString()], [200, page], path);
    assert.equal(headers['content-type'], 'text/html; charset=utf-8');
    assert.equal(headers['cache-control'], 'no-cache');
    assert.equal(
      headers['content-security-policy'],
      "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    );
    assert.equal(headers['referrer-policy'], 'no-referrer');
    assert.equal(headers['x-content-type-options'], 'nosniff');
    assert.equal(headers['cross-origin-opener-policy'], 'same-origin-allow-popups');
    assert.match(String(headers['permissions-policy']), /camera=\(\)/);
    assert.match(String(headers.vary), /Accept(?!-)/);
    assert.equal(headers['set-cookie'], undefined);
  }
  const { etag } = (await ask(api, '/', html)).headers;
  assert.equal((await ask(api, '/', { ...html, 'if-none-match': String(etag) })).status, 304);
});

test('a file whose name has a hash may be kept for a year, any other is asked for anew', async () => {
  await using api = await withConsole();
  const asset = await ask(api, '/assets/main-a1b2c3.js');
  assert.deepEqual([asset.status, asset.body.toString()], [200, script]);
  assert.match(String(asset.headers['content-type']), /^(text|application)\/javascript/);
  assert.equal(asset.headers['cache-control'], 'public, max-age=31536000, immutable');
  assert.equal(asset.headers['x-content-type-options'], 'nosniff');
  const icon = await ask(api, '/icon.svg');
  assert.deepEqual([icon.status, icon.headers['cache-control']], [200, 'no-cache']);
});

test('a file is sent compressed to those who can read it, in parts and as its headers alone', async () => {
  await using api = await withConsole();
  const zipped = await ask(api, '/assets/main-a1b2c3.js', { 'accept-encoding': 'gzip, br' });
  assert.equal(zipped.headers['content-encoding'], 'gzip');
  assert.match(String(zipped.headers['content-type']), /^(text|application)\/javascript/);
  assert.match(String(zipped.headers.vary), /accept-encoding/i);
  assert.equal(gunzipSync(zipped.body).toString(), script);
  const part = await ask(api, '/assets/main-a1b2c3.js', { range: 'bytes=0-5' });
  assert.deepEqual([part.status, part.body.toString()], [206, 'export']);
  assert.equal((await ask(api, '/assets/main-a1b2c3.js', { range: 'bytes=900-' })).status, 416);
  for (const path of ['/', '/assets/main-a1b2c3.js', '/syncs']) {
    const head = await ask(api, path, html, 'HEAD');
    assert.deepEqual([head.status, head.body.length], [200, 0], path);
    assert.ok(Number(head.headers['content-length']) > 0, path);
  }
});

test('what is missing, outside or hidden is not found, and no page is shown in its place', async () => {
  await using api = await withConsole();
  for (const path of [
    '/assets/main-old.js',
    '/assets/',
    '/../secret.txt',
    '/..%2fsecret.txt',
    '/..%2fdist-old%2fsecret.txt',
    '/assets/..%2f..%2fsecret.txt',
    '/..%5csecret.txt',
  ])
    assertProblem(await ask(api, path, html), 404, 'API-05');
  for (const path of ['/favicon.ico', '/.stamp', '/syncs', '/secret.txt%00', '/%2fetc/hostname'])
    assertProblem(await ask(api, path, { accept: 'image/avif,*/*' }), 404, 'API-05');
  for (const path of ['/.stamp', '/%2fetc/hostname', '/secret.txt%00']) {
    const { body } = await ask(api, path, html);
    assert.doesNotMatch(body.toString(), /hidden|outside/, path);
  }
});

test('below the paths of the API and of the sign-in nothing has become a page', async () => {
  await using api = await withConsole();
  const key = { ...html, authorization: api.headers.authorization ?? '' };
  for (const path of ['/api', '/api/v1', '/api/v1/nothing', '/oauth/nothing']) {
    assertProblem(await ask(api, path, key), 404, 'API-05');
    assertProblem(await ask(api, path, html), 401, 'API-19');
  }
  assertProblem(await ask(api, '/syncs', key, 'POST'), 404, 'API-05');
});

test('the console answers only to the names of this server', async () => {
  await using api = await withConsole();
  for (const path of ['/', '/assets/main-a1b2c3.js'])
    assertProblem(await ask(api, path, { ...html, host: 'rebound.example.com' }), 421, 'API-03');
  assert.equal((await ask(api, '/', { ...html, host: 'lockstep.example.com' })).status, 200);
});

test('without a built console every place says how to build it', async () => {
  await using api = await openApi();
  for (const path of ['/', '/setup']) {
    const { status, headers, body } = await ask(api, path, navigation);
    assert.deepEqual([status, headers['content-type']], [404, 'text/plain; charset=utf-8']);
    assert.match(body.toString(), /npm run console:build/);
  }
  assertProblem(await ask(api, '/assets/main-a1b2c3.js', html), 404, 'API-05');
});
