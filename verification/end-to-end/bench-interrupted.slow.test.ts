import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { root } from '@lockstep/harness/source-files';

const noProc = existsSync('/proc/self/environ') ? false : 'this system has no /proc to find processes in';

for (const { name, begun, signal } of [
  { name: 'apply', begun: /run-bench/, signal: 'SIGINT' },
  { name: 'start', begun: /postgres -D .*lockstep-check-/, signal: 'SIGTERM' },
] as const) {
  test(`the benchmark ${name} leaves no process and no folder after ${signal}`, {
    skip: noProc,
  }, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'bench-interrupted-'));
    await chmod(folder, 0o711); // for PostgreSQL, which may run as another user
    const bench = spawn(process.execPath, ['bench/main.ts', name], {
      cwd: root,
      stdio: 'ignore',
      env: { ...process.env, TMPDIR: folder },
    });
    const ended = once(bench, 'exit');
    while (!processesIn(folder).some((command) => begun.test(command))) {
      assert.equal(bench.exitCode, null, 'it had not begun when it ended');
      await sleep(100);
    }
    await sleep(1_000); // into the middle of its work
    bench.kill(signal);
    assert.deepEqual(await ended, [130, null]);
    assert.deepEqual(processesIn(folder), []);
    assert.deepEqual(
      readdirSync(folder).filter((left) => left !== 'node-compile-cache'),
      [],
    );
    await rm(folder, { recursive: true });
  });
}

/** The command lines of all processes whose environment or command line names the folder. */
function processesIn(folder: string): string[] {
  return readdirSync('/proc')
    .filter((id) => /^\d+$/.test(id))
    .flatMap((id) => {
      try {
        const command = readFileSync(`/proc/${id}/cmdline`, 'utf8').replaceAll('\0', ' ');
        const names = `${command}${readFileSync(`/proc/${id}/environ`, 'utf8')}`;
        return names.includes(folder) ? [command] : [];
      } catch {
        return []; // it has ended meanwhile
      }
    });
}
