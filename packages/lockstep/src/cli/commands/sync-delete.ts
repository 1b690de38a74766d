/** `sync delete`: says what is erased and what stays, asks for the name, and erases it. */
import { deletionSchema } from '../../contract/syncs.ts';
import { type Command, syncFlag } from '../arguments.ts';
import { chooseSync, pathOf } from '../choose-sync.ts';
import { findApi } from '../find-server.ts';
import { confirmByName } from '../terminal/confirm.ts';

export const syncDelete: Command = {
  flags: {
    sync: syncFlag,
    yes: { description: 'Do not ask.' },
    'keep-mirror': {
      description: 'In a database of your own, leave the mirror as it is; also if that is gone for good.',
    },
    'dry-run': { description: 'Only say what would be erased.' },
  },
  async run(args, context) {
    const { output, stop } = context;
    const api = await findApi(context);
    const { id, name } = await chooseSync(api, args.text('sync'));
    const keeps = `keep_mirror=${args.isSet('keep-mirror')}`;
    const deletion = await api.delete(`${pathOf(id)}?dry_run=true&${keeps}`, deletionSchema);
    const isDryRun = args.isSet('dry-run');
    if (!output.wantsJson) {
      output.say(`${name}: this erases`);
      for (const line of deletion.erases) output.say(`  - ${line}`);
      output.say('and keeps');
      for (const line of deletion.keeps) output.say(`  - ${line}`);
    }
    if (!isDryRun) {
      if (!args.isSet('yes')) await confirmByName(name, 'sync delete', stop);
      await api.delete(`${pathOf(id)}?${keeps}`, deletionSchema);
    }
    if (output.wantsJson) output.object({ schema: 1, name, deleted: !isDryRun, ...deletion });
    else if (!isDryRun) output.say(`${name} is deleted.`);
  },
};
