/**
 * `npm run mutants -- merge`: runs the tests of the merge statement against wrong forms of it. The last line of
 * standard output is the result; exit status 1 if a mutant survives that is not known to be equivalent.
 */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand, say } from '@lockstep/harness/command';
import { openServer } from '@lockstep/harness/postgres-server';
import { root } from '@lockstep/harness/source-files';
import { openTemplates } from '@lockstep/harness/templates';
import { type Mutant, mergeMutants, mergeTests } from './merge.ts';

const loader = join(import.meta.dirname, 'mutate-source.mjs');

/** True if all tests pass. Stops at the first that does not. */
function pass(environment: Record<string, string>, mutant: Mutant | null): Promise<boolean> {
  const options = ['--disable-warning=ExperimentalWarning', '--test', '--test-concurrency=2'];
  const child = spawn(process.execPath, [...options, '--test-reporter=tap', ...mergeTests], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'ignore'],
    env: {
      ...process.env,
      ...environment,
      NODE_OPTIONS: `--import=${loader}`,
      MUTANT: JSON.stringify(mutant ?? {}),
    },
  });
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    if (/^ *not ok /m.test(text)) child.kill();
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code === 0));
  });
}

/** @throws if the text that a mutant replaces is not in its file exactly once */
function check({ name, file, find }: Mutant): void {
  const times = readFileSync(join(root, file), 'utf8').split(find).length - 1;
  if (times !== 1) throw new Error(`${name}: its text is ${times} times in ${file}`);
}

async function main(): Promise<boolean> {
  const [subject, only] = process.argv.slice(2);
  if (subject !== 'merge') throw new Error('npm run mutants -- merge [PART OF A NAME]');
  const mutants = mergeMutants.filter(({ name }) => name.includes(only ?? ''));
  mutants.forEach(check);
  await using server = await openServer();
  await using templates = openTemplates(server.url);
  const environment = { TEST_POSTGRES_URL: server.url, ...templates.environment };
  if (!(await pass(environment, null))) throw new Error('the tests fail even without a mutant');
  const survivors: string[] = [];
  for (const mutant of mutants) {
    const began = Date.now();
    const survives = await pass(environment, mutant);
    const { name, equivalent } = mutant;
    const verdict = !survives ? 'killed' : equivalent === undefined ? 'SURVIVES' : `same: ${equivalent}`;
    process.stderr.write(`${verdict.padEnd(9)} ${name} (${((Date.now() - began) / 1000).toFixed(0)} s)\n`);
    if (survives && equivalent === undefined) survivors.push(name);
  }
  say(JSON.stringify({ mutants: mutants.length, survivors }));
  return survivors.length === 0;
}

await runCommand(main);
