/** The API against requests that Schemathesis makes from its own document, valid ones and invalid ones. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { localKey, newSyncOf, openApi } from '@lockstep/harness/api-harness';
import { clientFolders, fetchedInto, isFetched } from '@lockstep/harness/fetched-clients';
import { startOrg } from '@lockstep/harness/org';
import { openApiDocument } from './server.ts';

const checks = [
  'not_a_server_error',
  'status_code_conformance',
  'content_type_conformance',
  'response_schema_conformance',
  'negative_data_rejection',
];
/** The first erases what the others ask about, the second never ends, the third connects to whatever host it is given. */
const leftOut = ['deleteSync', 'watchSync', 'checkDestination'];

const missing = isFetched(fetchedInto(clientFolders.schemathesis))
  ? false
  : 'schemathesis is missing: npm run clients fetches it';

test('no request made from the document of the API is answered by a server error, or in a form that the document does not name', {
  skip: missing,
}, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'fuzz-'));
  t.after(() => rm(folder, { recursive: true }));
  const file = join(folder, 'openapi.json');
  await writeFile(file, JSON.stringify(await openApiDocument()));
  await using org = await startOrg({ records: 100 });
  await using api = await openApi([new URL(org.url).host]);
  const made = await api.ask('POST', '/api/v1/syncs', newSyncOf(org, { name: 'acme' }));
  assert.equal(made.status, 201);
  const options = [
    'run',
    file,
    '--url',
    api.url,
    '-H',
    `Authorization: Bearer ${localKey}`,
    '--max-examples',
    '30',
  ];
  options.push('--checks', checks.join(), '--seed', '1', '--no-color');
  for (const operation of leftOut) options.push('--exclude-operation-id', operation);
  const program = 'from schemathesis.cli import schemathesis; schemathesis()';
  const child = spawn('python3', ['-c', program, ...options], {
    cwd: folder,
    env: { PATH: process.env.PATH ?? '', HOME: folder, PYTHONPATH: clientFolders.schemathesis },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = Promise.all([text(child.stdout), text(child.stderr)]);
  const [code] = (await once(child, 'exit')) as [number | null];
  const [output, errors] = await said;
  assert.equal((await api.ask('DELETE', '/api/v1/syncs/acme')).status, 200);
  assert.equal(code, 0, output.slice(-6_000) + errors.slice(-2_000));
});
