/** `sync delete`: says what is erased and what stays, asks for the name, and erases it. */
import { createInterface } from 'node:readline/promises';
import { shellWord } from '@lockstep/foundation/shell-words';
import { deletionSchema } from '../../contract/syncs.ts';
import { interruption, RequestError } from '../../core/request-error.ts';
import { type Command, syncFlag } from '../arguments.ts';
import { chooseSync, pathOf } from '../choose-sync.ts';
import { findApi } from '../find-server.ts';

export const syncDelete: Command = {
  flags: {
    sync: syncFlag,
    yes: { description: 'Do not ask.' },
    'dry-run': { description: 'Only say what would be erased.' },
  },
  async run(args, context) {
    const { output, stop } = context;
    const api = await findApi(context);
    const { id, name } = await chooseSync(api, args.text('sync'));
    const deletion = await api.delete(`${pathOf(id)}?dry_run=true`, deletionSchema);
    const isDryRun = args.isSet('dry-run');
    if (!output.wantsJson) {
      output.say(`${name}: this erases`);
      for (const line of deletion.erases) output.say(`  - ${line}`);
      output.say('and keeps');
      for (const line of deletion.keeps) output.say(`  - ${line}`);
    }
    if (!isDryRun) {
      if (!args.isSet('yes')) await confirm(name, stop);
      await api.delete(pathOf(id), deletionSchema);
    }
    if (output.wantsJson) output.object({ schema: 1, name, deleted: !isDryRun, ...deletion });
    else if (!isDryRun) output.say(`${name} is deleted.`);
  },
};

/** @throws {@link RequestError} if another name is typed, or if there is no terminal to ask on */
async function confirm(name: string, stop: AbortSignal): Promise<void> {
  const next = `Nothing was erased. Without the question: lockstep sync delete --sync ${shellWord(name)} --yes`;
  if (!process.stdin.isTTY || !process.stderr.isTTY)
    throw new RequestError('sync delete asks for confirmation, and there is no terminal', {
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
