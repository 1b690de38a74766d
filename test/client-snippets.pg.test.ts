import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { openReaderUrl } from '../src/control/index.ts';
import { shellWord } from '../src/lib/shell-words.ts';
import { openCli } from './cli-process.ts';
import { root } from './source-files.ts';
import { openWorld } from './world.ts';

/** The examples of docs/clients.md as they stand there, where their language is installed, on a world of their own. */
const page = readFileSync(join(root, 'docs/clients.md'), 'utf8');

/** The first block of this language under the heading. */
function snippet(heading: string, language: string): string {
  const [, section = ''] = page.split(`\n## ${heading}\n`);
  const [, text] = section.split(`\`\`\`${language}\n`);
  assert(text, `docs/clients.md has a block of ${language} under ${heading}`);
  return text.split('```')[0] ?? '';
}

/** What has to be there for an example to run; else the reason why it does not. */
function missing(what: string, command: string, args: string[]): string | false {
  return spawnSync(command, args).status === 0 ? false : `${what} is not installed`;
}

const undo = new AsyncDisposableStack();
after(() => undo.disposeAsync());
const world = undo.use(await openWorld({ org: { records: 100 }, sobjects: ['Account'] }));
const variables = {
  BASE: world.base,
  SF_TOKEN: await world.org.token('demo'),
  MIRROR_URL: await openReaderUrl(world.control.control, world.sync),
};
const cli = undo.use(
  await openCli({
    DATABASE_URL: world.control.database.url,
    LOCKSTEP_KEY: world.control.keyBytes.toString('base64'),
    ...variables,
  }),
);

/** Runs a line of a shell in an empty folder, and looks at what each example prints. */
async function shows(line: string, name: string): Promise<void> {
  const { code, stdout, stderr } = await cli.shell(line);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^Lockstep-Applied: yes\r?\n/);
  assert.ok(stdout.includes(name), stdout);
}

test('the example for curl writes, and SQL shows it', {
  skip: missing('curl', 'curl', ['--version']),
}, async () => {
  // Here, npm run -s lockstep -- is the command line of this checkout.
  await shows(`npm() { shift 4; lockstep "$@"; }\n${snippet('curl', 'sh')}`, 'Written with curl');
});

test('the example for jsforce writes, and SQL shows it', async () => {
  const program = `cd ${shellWord(root)} && ${shellWord(process.execPath)} --input-type=module`;
  await shows(`${program} --eval ${shellWord(snippet('jsforce', 'js'))}`, 'Written with jsforce');
});

test('the example for simple-salesforce writes, and SQL shows it', {
  skip: missing('simple-salesforce with psycopg', 'python3', ['-c', 'import simple_salesforce, psycopg']),
}, async () => {
  await shows(
    `python3 -c ${shellWord(snippet('simple-salesforce', 'python'))}`,
    'Written with simple-salesforce',
  );
});
