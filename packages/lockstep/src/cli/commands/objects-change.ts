/** `objects add` and `objects remove`: which objects a sync mirrors, while it runs. */
import { randomUUID } from 'node:crypto';
import type { z } from 'zod';
import { addedObjectsSchema, removalSchema, syncSchema } from '../../contract/syncs.ts';
import { type Command, syncFlag } from '../arguments.ts';
import { chooseSync, pathOf } from '../choose-sync.ts';
import { findApi } from '../find-server.ts';
import { plannedTable } from '../terminal/planned-table.ts';
import { withProgress } from '../terminal/request-progress.ts';

export const objectsAdd: Command = {
  positionals: { shown: 'OBJECT…', min: 1, max: 1_000 },
  flags: {
    sync: syncFlag,
    'dry-run': { description: 'Only test everything, and say what would be made.' },
  },
  async run(args, context) {
    const { output } = context;
    const api = await findApi(context);
    const sync = await chooseSync(api, args.text('sync'));
    const isDryRun = args.isSet('dry-run');
    const path = `${pathOf(sync.id)}/objects${isDryRun ? '?dry_run=true' : ''}`;
    const key = randomUUID();
    const headers = { 'idempotency-key': key };
    const adding = api.post(path, { objects: args.words }, addedObjectsSchema, headers);
    const { objects } = await withProgress({ api, output }, key, adding);
    if (output.wantsJson) {
      output.object({ schema: 1, name: sync.name, added: !isDryRun, objects });
      return;
    }
    if (objects.length === 0) return output.say(`${sync.name} mirrors all of them already.`);
    output.data(plannedTable(objects));
    if (isDryRun) output.say('Nothing was made.');
    else output.say('The sync copies them now. Its progress: lockstep status');
  },
};

export const objectsRemove: Command = {
  positionals: { shown: 'OBJECT', min: 1, max: 1 },
  flags: {
    sync: syncFlag,
    'drop-table': { description: 'Drop its table too; without this flag the table stays as it is.' },
    'dry-run': { description: 'Only say what would become of its table.' },
  },
  async run(args, context) {
    const { output } = context;
    const api = await findApi(context);
    const sync = await chooseSync(api, args.text('sync'));
    const [given = ''] = args.words;
    const object = sync.objects.find((name) => name.toLowerCase() === given.toLowerCase()) ?? given;
    const dropsTable = args.isSet('drop-table');
    const path = `${pathOf(sync.id)}/objects/${encodeURIComponent(object)}?drop_table=${dropsTable}`;
    if (args.isSet('dry-run')) {
      const removal = await api.delete(`${path}&dry_run=true`, removalSchema);
      if (output.wantsJson) output.object({ schema: 1, name: sync.name, removed: false, ...removal });
      else output.say(`${wouldSay(removal, dropsTable)} Nothing was removed.`);
      return;
    }
    const { name, leaving } = await api.delete(path, syncSchema);
    if (output.wantsJson) output.object({ schema: 1, name, removed: object, leaving });
    else
      output.say(
        `${name} does not mirror ${object} any more; ${dropsTable ? 'its table is dropped unless something else depends on it' : 'its table stays as it is'}.`,
      );
  },
};

function wouldSay({ object, drops_table, dependents }: z.infer<typeof removalSchema>, dropsTable: boolean) {
  if (drops_table) return `The table of ${object} would be dropped.`;
  if (!dropsTable) return `The table of ${object} would stay as it is.`;
  return `The table of ${object} would stay, because these need it: ${dependents.join(', ')}.`;
}
