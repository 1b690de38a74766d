/** Runs the recipe of docs/clients.md for Salesforce's own command line verbatim, and what it says cannot work. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { shellWord } from '@lockstep/foundation/shell-words';
import { openApiOn } from '@lockstep/harness/api-harness';
import { type Cli, openCli } from '@lockstep/harness/cli-process';
import { snippets } from '@lockstep/harness/clients-page';
import { openEndToEndHarness } from '@lockstep/harness/end-to-end-harness';
import { clientFolders, fetchedInto, isFetched } from '@lockstep/harness/fetched-clients';
import { root } from '@lockstep/harness/source-files';
import { openReaderUrl } from 'lockstep/control';

const skip = isFetched(fetchedInto(clientFolders.sf)) ? false : 'sf is missing: npm run clients fetches it';
const blocks = snippets('sf', 'sh');
const byPath = blocks[0];
const byHost = blocks.at(1) ?? '';

const undo = new AsyncDisposableStack();
after(() => undo.disposeAsync());

let cli: Cli;
before(async () => {
  if (skip === false) cli = await openShell();
});

/** Runs a block in a folder in which `./lockstep` is this project's command. */
async function run(block: string): Promise<string> {
  const { code, stdout, stderr } = await cli.shell(`set -e\n${block}`);
  assert.equal(code, 0, stdout + stderr);
  return stdout;
}

test('sf reads and writes through the proxy by its path, and SQL shows what it wrote', { skip }, async () => {
  const shown = await run(byPath);
  assert.match(shown, /^lockstep-applied: yes$/m);
  for (const text of ['Written with sf', 'Second', 'here', '"created": true', 'Leaf', 'DailyApiRequests'])
    assert.ok(shown.includes(text), `${text} is in ${shown}`);
});

test('sf loads in bulk through the proxy by its host, and SQL shows it after a flush', { skip }, async () => {
  const shown = await run(byHost);
  assert.match(shown, /Loaded with sf/);
});

test('what sf cannot do through the proxy says so', { skip }, async () => {
  const byEnvironment =
    'export SF_ORG_INSTANCE_URL="$BASE" SF_TARGET_ORG="$SF_TOKEN" SF_ORG_API_VERSION=62.0';
  for (const [command, text] of [
    ['sf data import bulk --sobject Account --file accounts.csv --wait 1 --json', 'LOCKSTEP_PRX_01'],
    ['sf org open --url-only', 'Unknown sync address'],
    ['sf org list metadata-types', 'LOCKSTEP_PRX_03'],
    ['SF_ACCESS_TOKEN=$SF_TOKEN sf org login access-token -r "$BASE" -p', 'AuthCodeUsernameRetrievalError'],
  ] as const) {
    const { code, stdout, stderr } = await cli.shell(
      `${byEnvironment}\necho Name > accounts.csv\n${command}`,
    );
    assert.notEqual(code, 0, command);
    assert.ok((stdout + stderr).includes(text), `${command}: ${stdout}${stderr}`);
  }
});

async function openShell(): Promise<Cli> {
  const harness = undo.use(
    await openEndToEndHarness({
      org: { records: 100 },
      sobjects: ['Account', 'Contact'],
      intervalMs: 1_000,
    }),
  );
  harness.startWorker();
  await harness.untilComplete();
  const api = undo.use(await openApiOn(harness.control));
  const cli = undo.use(
    await openCli({
      ...api.environment,
      BASE: harness.base,
      SF_TOKEN: await harness.org.token('demo'),
      MIRROR_URL: await openReaderUrl(harness.control.control, harness.sync),
      PATH: [
        dirname(process.execPath),
        join(clientFolders.sf, 'node_modules', '.bin'),
        process.env.PATH,
      ].join(delimiter),
      NODE_OPTIONS: `--import=${join(import.meta.dirname, 'programs', 'localhost-names.mjs')}`,
      SF_DISABLE_TELEMETRY: 'true',
      SF_AUTOUPDATE_DISABLE: 'true',
      SF_SKIP_NEW_VERSION_CHECK: 'true',
    }),
  );
  const program = [process.execPath, join(root, 'packages/lockstep/src/main.ts')].map(shellWord).join(' ');
  await writeFile(join(cli.folder, 'lockstep'), `#!/bin/sh\nexec ${program} "$@"\n`, { mode: 0o755 });
  return cli;
}
