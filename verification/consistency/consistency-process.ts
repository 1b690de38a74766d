import { runProgram } from '@lockstep/harness/run-program';

/** Runs the read-your-writes test as a command, for tests. */
export async function consistency(...options: string[]): Promise<{ text: string; last: Last }> {
  const { text, last } = await runProgram(new URL('./main.ts', import.meta.url), options);
  return { text, last: last as Last };
}

interface Last {
  writes: number;
  violations: number;
  pending: number;
  unknown: number;
}
