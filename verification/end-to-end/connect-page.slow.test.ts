/** The lines of docs/connect.md that try each flow against a simulated org. */
import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { openApi } from '@lockstep/harness/api-harness';
import { openCli } from '@lockstep/harness/cli-process';
import { startOrg } from '@lockstep/harness/org';
import { Browser } from '@lockstep/harness/sign-in';
import { root } from '@lockstep/harness/source-files';

const page = await readFile(join(root, 'docs/connect.md'), 'utf8');
const section = /^## The simulated org$(.*?)^## /ms.exec(page)?.[1] ?? '';
const blocks = [...section.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, lines = '']) => lines);

test('each flow of the page signs in to a simulated org', async () => {
  await using org = await startOrg({ records: 100 });
  await using api = await openApi([new URL(org.url).host]);
  await using cli = await openCli(api.environment);
  await mkdir(join(cli.folder, '.lockstep'));
  await writeFile(join(cli.folder, '.lockstep/org-credentials.json'), JSON.stringify(org.credentials));
  const here = (lines: string) =>
    lines
      .replace('http://127.0.0.1:8402', org.url)
      .replace('http://127.0.0.1:8403', org.controlUrl())
      .replaceAll('./lockstep ', 'lockstep ');
  const [servers = '', browser = ''] = blocks;

  const done = await cli.shell(`set -e\n${here(servers)}\necho "$asked"`);
  assert.equal(done.code, 0, done.stderr);
  const asked = JSON.parse(done.stdout.trim().split('\n').at(-1) ?? '') as Record<string, string>;
  const person = new Browser(org);
  const { username, password } = org.credentials.demo;
  const consent = await person.submit(await person.connect(asked.user_code ?? ''), { username, password });
  await person.submit(consent, { decision: 'allow' });
  const form = `-d grant_type=device -d client_id=device-app -d code=${asked.device_code}`;
  assert.ok(section.replace(/\s+/g, ' ').includes('-d grant_type=device -d client_id=device-app -d code='));
  const answer = await cli.shell(`curl -s ${org.url}/services/oauth2/token ${form}`);
  const { refresh_token: token } = JSON.parse(answer.stdout) as Record<string, string>;
  await writeFile(join(cli.folder, 'token'), token ?? '');
  const credential = '--flow refresh-token --client-id device-app --refresh-token-file token';
  const pasted = await cli.shell(
    `lockstep sync create --name by-token --org ${org.url} ${credential} --objects Account`,
  );
  assert.equal(pasted.code, 0, pasted.stderr);

  const { items } = (await api.ask('GET', '/api/v1/syncs')).body as {
    items: { name: string; flow: string }[];
  };
  assert.deepEqual(
    items.map(({ name, flow }) => [name, flow]),
    [
      ['by-jwt', 'jwt bearer'],
      ['by-secret', 'client credentials'],
      ['by-token', 'refresh token'],
    ],
  );
  assert.match(browser, /--flow web --client-id web-app/);
  for (const { name } of items) await api.ask('DELETE', `/api/v1/syncs/${name}`);
});
