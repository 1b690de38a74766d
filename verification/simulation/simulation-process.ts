import { runProgram } from '@lockstep/harness/run-program';

/** The simulation as a command, for tests. */
export const sim = (...options: string[]) => runProgram(new URL('./main.ts', import.meta.url), options);
