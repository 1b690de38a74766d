import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { shellWord } from '@lockstep/foundation/shell-words';
import { openApiOn } from '@lockstep/harness/api-harness';
import { openCli } from '@lockstep/harness/cli-process';
import { snippets } from '@lockstep/harness/clients-page';
import { openEndToEndHarness } from '@lockstep/harness/end-to-end-harness';
import { clientFolders, goEnvironment } from '@lockstep/harness/fetched-clients';
import { root } from '@lockstep/harness/source-files';
import { openReaderUrl } from 'lockstep/control';

/** Runs the examples of docs/clients.md verbatim, if their language is installed. */
const snippet = (heading: string, language: string): string => snippets(heading, language)[0];

/** Why an example cannot run; false if everything it needs is there. */
function missing(command: string, fetched: string | null): string | false {
  if (spawnSync(command, ['--version']).error) return `${command} is not installed`;
  return fetched === null || existsSync(fetched)
    ? false
    : `${fetched} is missing: npm run clients fetches it`;
}

const undo = new AsyncDisposableStack();
after(() => undo.disposeAsync());
const harness = undo.use(await openEndToEndHarness({ org: { records: 100 }, sobjects: ['Account'] }));
const variables = {
  BASE: harness.base,
  SF_TOKEN: await harness.org.token('demo'),
  MIRROR_URL: await openReaderUrl(harness.control.control, harness.sync),
};
const api = undo.use(await openApiOn(harness.control));
const cli = undo.use(await openCli({ ...api.environment, ...variables }));

/** Runs a shell line in an empty folder, and checks what the example prints. */
async function shows(line: string, name: string): Promise<void> {
  const { code, stdout, stderr } = await cli.shell(line);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^Lockstep-Applied: yes\r?\n/);
  assert.ok(stdout.includes(name), stdout);
}

test('the example for curl writes, and SQL shows it', {
  skip: missing('curl', null),
}, async () => {
  const main = join(root, 'packages/lockstep/src/main.ts');
  const program = `#!/bin/sh\nexec ${shellWord(process.execPath)} ${shellWord(main)} "$@"\n`;
  await writeFile(join(cli.folder, 'lockstep'), program, { mode: 0o755 });
  await shows(snippet('curl', 'sh'), 'Written with curl');
});

test('the example for jsforce writes, and SQL shows it', async () => {
  const program = `cd ${shellWord(root)} && ${shellWord(process.execPath)} --input-type=module`;
  await shows(`${program} --eval ${shellWord(snippet('jsforce', 'js'))}`, 'Written with jsforce');
});

const { python, java, go } = clientFolders;

test('the example for simple-salesforce writes, and SQL shows it', {
  skip: missing('python3', python),
}, async () => {
  const program = snippet('simple-salesforce', 'python');
  const line = `PYTHONPATH=${shellWord(python)} python3 -c ${shellWord(program)}`;
  await shows(line, 'Written with simple-salesforce');
});

test('the example for Java writes, and SQL shows it', {
  skip: missing('java', java),
}, async () => {
  await writeFile(join(cli.folder, 'Write.java'), snippet('Java', 'java'));
  await shows(`java -cp ${shellWord(join(java, 'postgresql.jar'))} Write.java`, 'Written with Java');
});

test('the example for Go writes, and SQL shows it', {
  skip: missing('go', go),
}, async () => {
  const folder = join(cli.folder, 'go'); // a subfolder: Go ignores a go.mod in the system's temporary folder
  await mkdir(folder);
  await writeFile(join(folder, 'main.go'), snippet('Go', 'go'));
  for (const file of ['go.mod', 'go.sum']) await copyFile(join(go, file), join(folder, file));
  const variables = Object.entries({ ...goEnvironment, GOPROXY: 'off' });
  const assigned = variables.map(([name, value]) => `${name}=${shellWord(value)}`);
  await shows(`cd go && ${assigned.join(' ')} go run main.go`, 'Written with Go');
});
