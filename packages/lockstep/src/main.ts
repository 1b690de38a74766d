/**
 * The entry point: finds the command, runs it until it is done or interrupted, and reports in plain words what went
 * wrong. `server/server.ts` starts a server.
 */
import { readArguments } from './cli/arguments.ts';
import { commands, findCommand } from './cli/commands.ts';
import { openContext } from './cli/context.ts';
import { exitCodes } from './cli/terminal/exit-codes.ts';
import { reportFailure } from './cli/terminal/failure.ts';
import { openOutput } from './cli/terminal/output.ts';
import { stopOnSignals } from './cli/terminal/signals.ts';
import { isInterruption } from './core/request-error.ts';

async function main(given: readonly string[]): Promise<number> {
  const output = openOutput({ wantsJson: given.includes('--json'), ...dataDirOf(given) });
  const stop = stopOnSignals((line) => output.say(line));
  try {
    const { entry, rest } = findCommand(given);
    const command = await entry.load();
    const args = readArguments(entry.name, command, rest);
    if (args.isSet('help')) {
      const { showHelp } = await import('./cli/commands/help.ts');
      await showHelp(entry.name, commands, output);
      return 0;
    }
    return (await command.run(args, await openContext(command, args, output, stop))) ?? 0;
  } catch (error) {
    if (!stop.aborted && !isInterruption(error)) return reportFailure(error, output);
    output.say('Interrupted.');
    return exitCodes.interrupted;
  }
}

/** Read before anything is parsed, because messages about wrong arguments name commands, which need --data too. */
function dataDirOf(given: readonly string[]): { dataDir?: string } {
  const at = given.findIndex((word) => word === '--data' || word.startsWith('--data='));
  const dataDir = given[at]?.split('=')[1] ?? given[at + 1];
  return at === -1 || dataDir === undefined ? {} : { dataDir };
}

const code = await main(process.argv.slice(2));
// A pipe takes 64 KiB at once. What its reader has not taken yet would be lost at the exit.
for (const stream of [process.stdout, process.stderr])
  await new Promise<void>((resolve) => stream.write('', () => resolve()));
// Left to end by itself, Node 24 sometimes spins for ever in `Environment::CleanupHandles`.
process.exit(code);
