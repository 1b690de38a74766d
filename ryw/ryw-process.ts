/** The read-your-writes test as a command, for tests. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** A process of its own, as for the simulation. `text` is all that it has said. */
export async function ryw(...options: string[]): Promise<{ text: string; last: Last }> {
  const file = new URL('./main.ts', import.meta.url).pathname;
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [file, ...options]).catch(
    (failed: { stdout: string; stderr: string }) => failed,
  );
  const last = JSON.parse(stdout.trimEnd().split('\n').at(-1) || '{}') as Last;
  return { text: `${stdout}${stderr}`, last };
}

interface Last {
  writes: number;
  violations: number;
  pending: number;
  unknown: number;
}
