/** The simulation as a command, for tests. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** A process of its own: the test runner watches every promise, and a run makes a million of them. */
export async function sim(...options: string[]): Promise<{ text: string; last: unknown }> {
  const file = new URL('./main.ts', import.meta.url).pathname;
  const { stdout: text } = await promisify(execFile)(process.execPath, [file, ...options]).catch(
    (failed: { stdout: string }) => failed,
  );
  return { text, last: JSON.parse(text.trimEnd().split('\n').at(-1) ?? '') as unknown };
}
