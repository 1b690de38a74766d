/** Help for programs. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openCli } from '@lockstep/harness/cli-process';
import { commands, configHelp } from 'lockstep/cli/testing';

interface CommandHelp {
  name: string;
  summary: string;
  positionals: { shown: string } | null;
  flags: { name: string; value: string | null; description: string }[];
}

test('every command takes --json, and help tells programs of all commands, one, a group, options and codes', async () => {
  await using cli = await openCli();
  const ask = async (args: readonly string[]) => {
    const { code, stdout, stderr } = await cli.run([...args, '--json']);
    assert.deepEqual([code, stderr], [0, ''], args.join(' '));
    return JSON.parse(stdout) as { schema: number; commands?: CommandHelp[] } & Record<string, unknown>;
  };
  const all = (await ask(['help'])).commands ?? [];
  assert.deepEqual(
    all.map(({ name }) => name),
    commands.map(({ name }) => name),
  );
  for (const { name, summary, flags } of all) {
    assert.ok(summary !== '' && flags.every(({ description }) => description !== ''), name);
    for (const flag of ['--json', '--data', '--help'])
      assert.ok(
        flags.some((one) => one.name === flag),
        `${name} ${flag}`,
      );
  }
  const [own] = (await ask(['sync', 'create', '--help'])).commands ?? [];
  assert.deepEqual(
    own,
    all.find(({ name }) => name === 'sync create'),
  );
  assert.deepEqual((await ask(['help', 'sync', 'create'])).commands, [own]);
  const group = (await ask(['help', 'session'])).commands ?? [];
  assert.deepEqual(
    group.map(({ name, positionals }) => [name, positionals?.shown]),
    [
      ['session list', undefined],
      ['session end', 'ID'],
    ],
  );
  const { options } = await ask(['help', 'config']);
  assert.equal((options as object[]).length, configHelp().length);
  assert.equal((await ask(['help', 'sf-01'])).code, 'SF-01');
  for (const args of [['version'], ['completion', 'fish'], ['logout'], ['--version'], ['--help']])
    assert.equal((await ask(args)).schema, 1, args.join(' '));
  assert.ok('openapi' in (await ask(['openapi'])));
});
