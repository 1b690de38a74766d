import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/**
 * A long test as a process of its own: the test runner watches every promise, and a run makes a million of them.
 *
 * @returns all that it has said, and the last line of its standard output, parsed
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
