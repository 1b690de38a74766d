import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { openCli } from '@lockstep/harness/cli-process';
import { commands, pasteable } from 'lockstep/cli/testing';

const commonFlags = ['--json', '--data', '--help'];

/** False, or why a test without this shell is skipped. */
function without(shell: string): string | false {
  return spawnSync(shell, ['-c', 'exit 0']).status === 0 ? false : `${shell} is not installed`;
}

/** The script in a folder of its own, and what the shell prints when it runs these lines there. */
async function openShell(shell: 'bash' | 'zsh' | 'fish') {
  const cli = await openCli({ LOCKSTEP_NO_SUCH_OPTION: 'completion needs no configuration' });
  const { code, stdout, stderr } = await cli.run(['completion', shell]);
  assert.deepEqual([code, stderr], [0, '']);
  const script = join(cli.folder, `completion.${shell}`);
  await writeFile(script, stdout);
  const env = { PATH: process.env.PATH, HOME: cli.folder };
  const run = (...args: string[]) => {
    const done = spawnSync(shell, args, { cwd: cli.folder, env, encoding: 'utf8', timeout: 30_000 });
    assert.deepEqual([done.status, done.stderr], [0, ''], args.join(' '));
    return done.stdout.split('\n').filter((line) => line !== '');
  };
  return { cli, script, run, [Symbol.asyncDispose]: () => cli[Symbol.asyncDispose]() };
}

/** What bash would offer for the last of the words, each line of words with its offers. */
async function openBash() {
  const shell = await openShell('bash');
  const offersFor = (...lines: (readonly string[])[]): string[][] => {
    const asked = lines.map(
      (words) =>
        `COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}; ` +
        `_lockstep; echo "line:"; printf '%s\\n' "\${COMPREPLY[@]}"`,
    );
    const said = shell.run('--norc', '-c', [`source ${shell.script}`, ...asked].join('\n'));
    return said
      .join('\n')
      .split('line:')
      .slice(1)
      .map((part) => part.split('\n').filter((line) => line !== ''));
  };
  return { ...shell, offersFor };
}

test('bash completes commands, flags and values', { skip: without('bash') }, async () => {
  await using bash = await openBash();
  const [command, flag, value, assigned, level, helped, shells, free] = bash.offersFor(
    ['lockstep', 'sync', 'cr'],
    ['./lockstep', 'status', '--da'],
    ['lockstep', 'api-key', 'create', 'ci', '--scope', 'wr'],
    ['lockstep', 'api-key', 'create', 'ci', '--scope', '=', 'wr'],
    ['lockstep', 'objects', 'verify', '--level', '='],
    ['lockstep', 'help', 'sync', 'cr'],
    ['lockstep', 'completion', ''],
    ['lockstep', 'reader', 'create', '--sync', ''],
  );
  assert.deepEqual([command, flag, value, assigned], [['create'], ['--data'], ['write'], ['write']]);
  assert.deepEqual([level, helped], [['counts', 'ids', 'content'], ['create']]);
  assert.deepEqual([shells, free], [['bash', 'zsh', 'fish'], []]);
});

test('bash completes the names of files and folders, with spaces too', {
  skip: without('bash'),
}, async () => {
  await using bash = await openBash();
  await mkdir(join(bash.cli.folder, 'my data'));
  await writeFile(join(bash.cli.folder, 'my secret'), '');
  const [files, folders] = bash.offersFor(
    ['lockstep', 'login', 'https', ':', '//x', '--key-file', 'my'],
    ['lockstep', 'start', '--data', 'my'],
  );
  assert.deepEqual([files?.toSorted(), folders], [['my data', 'my secret'], ['my data']]);
});

test('bash offers every command and every flag of it', { skip: without('bash') }, async () => {
  await using bash = await openBash();
  for (const { name, load } of commands) {
    const words = name.split(' ');
    const flags = Object.keys((await load()).flags ?? {}).map((flag) => `--${flag}`);
    const [offered, last] = bash.offersFor(['lockstep', ...words, '--'], ['lockstep', ...words]);
    assert.deepEqual(offered, [...flags, ...commonFlags], name);
    assert.ok(last?.includes(words.at(-1) ?? ''), name);
  }
});

test('bash takes the script for lockstep in any folder', { skip: without('bash') }, async () => {
  await using bash = await openBash();
  const said = bash.run('--norc', '-c', `eval "$(cat ${bash.script})"; complete -p lockstep ./lockstep`);
  assert.deepEqual(said, ['complete -F _lockstep lockstep', 'complete -F _lockstep ./lockstep']);
});

test('fish completes commands, flags, values and files', { skip: without('fish') }, async () => {
  await using fish = await openShell('fish');
  await writeFile(join(fish.cli.folder, 'secret'), '');
  const offersFor = (line: string) =>
    fish
      .run('--no-config', '-c', `source ${fish.script}; complete -C '${line}'`)
      .map((offer) => offer.split('\t')[0]);
  assert.deepEqual(offersFor('lockstep sync cr'), ['create']);
  assert.deepEqual(offersFor('./lockstep status --da'), ['--data']);
  assert.deepEqual(offersFor('lockstep api-key create ci --scope '), ['read', 'write']);
  assert.deepEqual(offersFor('lockstep login --key-file sec'), ['secret']);
  assert.deepEqual(offersFor('lockstep help sync cr'), ['create']);
  assert.deepEqual(offersFor('lockstep reader create --sync '), []);
});

test('zsh reads the script, and finds each command in it', { skip: without('zsh') }, async () => {
  await using zsh = await openShell('zsh');
  zsh.run('-f', '-n', zsh.script);
  // The parts of zsh's completion system that the script uses say what they are given.
  const told = (...words: string[]) =>
    zsh.run(
      '-f',
      '-c',
      `compdef() { print -r -- "$@"; }; _describe() { print -rl -- "\${(@P)2}"; }; _arguments() { print -rl -- "$@"; }
       source ${zsh.script}; words=(${words.join(' ')} ''); CURRENT=$#words; PREFIX=; _lockstep`,
    );
  assert.equal(told('lockstep')[0], '_lockstep lockstep');
  assert.match(told('lockstep', 'sync').join('\n'), /^create:Creates a sync/m);
  assert.deepEqual(told('lockstep', 'completion').slice(1), ['bash', 'zsh', 'fish']);
  const flags = told('lockstep', 'api-key', 'create').join('\n');
  assert.match(flags, /^--scope=\[.*\]:read\|write:\(read write\)$/m);
  assert.match(flags, /^--data=\[.*\]:FOLDER:_files -\/$/m);
  assert.match(flags, /^--json\[.*\]$/m);
});

test('an unknown shell is refused with the way to the known ones', async () => {
  await using cli = await openCli();
  const { code, stdout, stderr } = await cli.run(['completion', 'tcsh']);
  assert.deepEqual([code, stdout], [2, '']);
  assert.match(stderr, /no completion for "tcsh"[^]*lockstep help completion/);
});

test('the command that loads the script is pasteable in a clone, and takes no --data', () => {
  const line = 'eval "$(lockstep completion bash)"';
  assert.equal(pasteable(line, 'elsewhere'), 'eval "$(./lockstep completion bash)"');
});
