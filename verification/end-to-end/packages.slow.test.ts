/** The product and the simulated org as packages, installed outside this repository. */
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, test } from 'node:test';
import { promisify } from 'node:util';
import { openTestDatabase } from '@lockstep/harness/database';
import { root } from '@lockstep/harness/source-files';

const noConsole = existsSync(join(root, 'packages/console/package.json')) ? false : 'there is no console';

const run = promisify(execFile);
const folder = await mkdtemp(join(tmpdir(), 'lockstep-packages-'));
after(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));

async function pack(name: string): Promise<string> {
  const args = ['pack', '--json', '--pack-destination', folder];
  const { stdout } = await run('npm', args, { cwd: join(root, 'packages', name) });
  const [packed] = JSON.parse(stdout.slice(stdout.indexOf('['))) as { filename: string }[];
  assert.ok(packed);
  return `./${packed.filename}`;
}

const archives = [await pack('simulated-org'), await pack('lockstep')];
await writeFile(join(folder, 'package.json'), '{ "name": "elsewhere", "private": true }');
const quietly = ['--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
await run('npm', ['install', ...quietly, ...archives], { cwd: folder });

test('the installed product runs, with its database server and its demo', async () => {
  const environment = { PATH: process.env.PATH ?? '', HOME: folder };
  const { stdout } = await run('npx', ['lockstep', 'demo', '--check'], { cwd: folder, env: environment });
  assert.equal(
    (JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '{}') as { ok?: boolean }).ok,
    true,
    stdout,
  );
  const { stdout: version } = await run('npx', ['lockstep', 'version'], { cwd: folder, env: environment });
  assert.match(version, /^lockstep \d+\.\d+\.\d+ \(Node 2\d/);
});

test('the installed product serves the built console', { skip: noConsole }, async () => {
  const ports = ['API', 'PROXY', 'METRICS', 'POSTGRES'].map((name) => [`LOCKSTEP_${name}_PORT`, '0']);
  const environment = { PATH: process.env.PATH ?? '', HOME: folder, ...Object.fromEntries(ports) };
  const server = spawn('npx', ['lockstep', 'start', '--json', '--data', join(folder, 'data')], {
    cwd: folder,
    env: environment,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(createInterface({ input: server.stdout }), 'line')) as [string];
  const { api_url: url, pid } = JSON.parse(line) as { api_url: string; pid: number };
  try {
    const page = await fetch(url, { headers: { accept: 'text/html' } });
    assert.equal(page.status, 200);
    const script = /src="(\/assets\/[^"]+\.js)"/.exec(await page.text())?.[1] ?? '';
    const asset = await fetch(`${url}${script}`, { headers: { 'accept-encoding': 'br' } });
    assert.equal(asset.status, 200, script);
    assert.match(asset.headers.get('content-type') ?? '', /javascript/);
    assert.equal(asset.headers.get('content-encoding'), 'br');
  } finally {
    process.kill(pid, 'SIGTERM');
    await once(server, 'close');
  }
});

test('the installed simulated org runs as a program of its own', async () => {
  await using database = await openTestDatabase();
  const org = spawn('npx', ['simulated-org'], { cwd: folder, stdio: ['pipe', 'pipe', 'inherit'] });
  const configuration = {
    databaseUrl: database.url,
    host: '127.0.0.1',
    port: 0,
    controlPort: 0,
    credentialsFile: join(folder, 'credentials.json'),
    records: 100,
  };
  org.stdin.write(`${JSON.stringify(configuration)}\n`);
  const [line] = (await once(createInterface({ input: org.stdout }), 'line')) as [string];
  const { url } = JSON.parse(line) as { url: string };
  const answer = await fetch(`${url}/services/data`);
  assert.equal(answer.status, 200);
  org.stdin.end();
  await once(org, 'close');
});
