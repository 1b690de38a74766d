/** All commands, in the order in which help shows them. */

import { nearNames } from '@lockstep/foundation/near-names';
import { usageError } from '../core/request-error.ts';
import type { Command } from './arguments.ts';
import { budgetSet, budgetShow } from './commands/budget.ts';
import { demo } from './commands/demo.ts';
import { flush } from './commands/flush.ts';
import { helpOf } from './commands/help.ts';
import { objectsList } from './commands/objects-list.ts';
import { objectsMissing } from './commands/objects-missing.ts';
import { objectsSetAside } from './commands/objects-set-aside.ts';
import { objectsRefetch, objectsVerify } from './commands/objects-verify.ts';
import { simulatedOrg } from './commands/simulated-org.ts';
import { sqlCommand } from './commands/sql.ts';
import { start } from './commands/start.ts';
import { status } from './commands/status.ts';
import { syncList, syncPause, syncResume, syncShow } from './commands/sync.ts';
import { syncCreate } from './commands/sync-create.ts';
import { syncSet } from './commands/sync-set.ts';
import { usage } from './commands/usage.ts';
import { version } from './commands/version.ts';

const working: readonly Command[] = [
  demo,
  start,
  simulatedOrg,
  syncCreate,
  syncList,
  syncShow,
  syncPause,
  syncResume,
  syncSet,
  status,
  flush,
  objectsList,
  objectsVerify,
  objectsRefetch,
  objectsMissing,
  objectsSetAside,
  usage,
  budgetShow,
  budgetSet,
  sqlCommand,
  version,
];

const help: Command = {
  name: 'help',
  summary:
    'All commands; help COMMAND: one of them; help config: all options; help CODE: what an error means.',
  positionals: { shown: '[COMMAND|config|CODE]', min: 0, max: 2 },
  run: async ({ words }, { output }) => output.data(output.pasteable(helpOf(words.join(' '), commands))),
};

export const commands: readonly Command[] = [...working, help];

/** Old names of commands, with the new ones. */
const renamed: Readonly<Record<string, string>> = {
  org: 'simulated-org',
  'objects compare': 'objects verify --level counts',
  'objects reconcile': 'objects verify --level ids',
  'objects reread': 'objects verify --level content',
  'objects repair': 'objects refetch',
  'objects held': 'objects missing',
  'sync writes': 'sync set',
};

/** The command that the first words name, and the arguments after them. */
export function findCommand(given: readonly string[]): { command: Command; rest: readonly string[] } {
  const [first = '--help', second] = given;
  if (first === '--help' || first === '-h') return { command: help, rest: given.slice(1) };
  if (first === '--version') return { command: version, rest: given.slice(1) };
  for (const words of [2, 1]) {
    const name = given.slice(0, words).join(' ');
    const command = commands.find((one) => one.name === name);
    if (command) return { command, rest: given.slice(words) };
    const now = Object.hasOwn(renamed, name) ? renamed[name] : undefined;
    if (now !== undefined)
      throw usageError(`The command ${name} is now called ${now}.`, `lockstep help ${now.split(' --')[0]}`);
  }
  const names = commands.map(({ name }) => name);
  const inGroup = names.filter((name) => name.startsWith(`${first} `));
  const near = inGroup.length > 0 ? inGroup : nearNames(second ? `${first} ${second}` : first, names);
  const hint = near.length > 0 ? ` Near: ${near.join(', ')}.` : '';
  throw usageError(
    `There is no command ${JSON.stringify(inGroup.length > 0 ? given.slice(0, 2).join(' ') : first)}.${hint}`,
  );
}
