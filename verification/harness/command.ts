/** What the long tests share as commands: the last line of standard output is their result. */
export const say = (line: string) => void process.stdout.write(`${line}\n`);

export function whole(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new Error(`not a whole number: ${text}`);
  return Number(text);
}

/**
 * Exit status 0 if every promise was kept, 1 if one was broken, 2 if the run could not tell. Ends the process itself:
 * left to end by itself, Node 24 sometimes spins for ever in `Environment::CleanupHandles` (seen in gdb).
 */
export async function runCommand(main: () => Promise<boolean>): Promise<never> {
  let status = 2;
  try {
    status = (await main()) ? 0 : 1;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  }
  process.exit(status);
}
