import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/**
 * Runs a long test as its own process: the test runner tracks every promise, and a run makes a million of them.
 *
 * @returns its whole output, and the last line of its standard output, parsed
 */
export async function runProgram(
  file: URL,
  options: readonly string[],
): Promise<{ text: string; last: unknown }> {
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [file.pathname, ...options]).catch(
    (failed: { stdout: string; stderr: string }) => failed,
  );
  const last = JSON.parse(stdout.trimEnd().split('\n').at(-1) || '{}') as unknown;
  return { text: `${stdout}${stderr}`, last };
}
