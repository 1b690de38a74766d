import { createInterface } from 'node:readline/promises';
import { shellWord } from '@lockstep/foundation/shell-words';
import { interruption, RequestError } from '../../core/request-error.ts';

/**
 * Asks for the name of a sync before something is erased.
 *
 * @param command  such as `sync delete`
 * @throws {@link RequestError} if another name is typed, or if there is no terminal to ask on
 */
export async function confirmByName(name: string, command: string, stop: AbortSignal): Promise<void> {
  const next = `Nothing was erased. Without the question: lockstep ${command} --sync ${shellWord(name)} --yes`;
  if (!process.stdin.isTTY || !process.stderr.isTTY)
    throw new RequestError(`${command} asks for confirmation, and there is no terminal`, {
      kind: 'usage',
      next,
    });
  const reader = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const typed = await reader.question(`Type ${name} to go on: `, { signal: stop }).catch(() => {
      throw interruption();
    });
    if (typed.trim() !== name) throw new RequestError('That is not its name', { kind: 'usage', next });
  } finally {
    reader.close();
  }
}
