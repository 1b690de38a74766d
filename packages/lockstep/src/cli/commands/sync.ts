/** `sync list`, `show`, `pause` and `resume`. */

import { shellWord } from '@lockstep/foundation/shell-words';
import { readerSchema } from '../../contract/mirrors.ts';
import { type SyncView, syncSchema } from '../../contract/syncs.ts';
import { type Arguments, type Command, type Context, syncFlag } from '../arguments.ts';
import { chooseSync, pathOf } from '../choose-sync.ts';
import { findApi } from '../find-server.ts';
import { table } from '../terminal/output.ts';
import { placeLines } from '../terminal/place-lines.ts';
import { psqlLine } from '../terminal/psql-line.ts';

export const syncList: Command = {
  async run(_, context) {
    const { output } = context;
    const { items } = await (await findApi(context)).list('/syncs', syncSchema);
    if (output.wantsJson) {
      output.object({ schema: 1, items });
      return;
    }
    const rows = items.map((sync) => [
      sync.name,
      sync.id,
      sync.instance_url,
      sync.state_word,
      `${sync.interval_ms / 1000} s`,
      sync.objects.join(', '),
    ]);
    if (rows.length === 0) output.say('No sync yet. To create one: lockstep help sync create');
    else output.data(table(['NAME', 'ID', 'ORG', 'STATE', 'EVERY', 'OBJECTS'], rows, new Set()));
  },
};

export const syncShow: Command = {
  flags: { sync: syncFlag },
  async run(args, context) {
    const { output } = context;
    const api = await findApi(context);
    const sync = await chooseSync(api, args.text('sync'));
    const { items: readers } = await api.list(`${pathOf(sync.id)}/readers`, readerSchema);
    if (output.wantsJson) {
      output.object({ schema: 1, ...sync, readers });
      return;
    }
    const end = sync.api_version_ends;
    const lines = [
      ...placeLines(sync),
      `The org: ${sync.org_id}, ${sync.instance_url}`,
      `  API version ${sync.api_version}${end === null ? '' : `, which Salesforce stops serving in ${end}`}`,
      'The mirror, read only:',
      `  ${psqlLine(sync.mirror.url)}`,
      readers.length === 0
        ? '  It has no reader yet.'
        : `  Its readers: ${readers.map(({ name, login }) => `${name} (${login})`).join(', ')}.`,
      `  To make a login for an application: lockstep reader create NAME --sync ${shellWord(sync.name)}`,
    ];
    for (const line of lines) output.data(output.pasteable(line));
  },
};

export const syncPause: Command = {
  flags: { sync: syncFlag },
  async run(args, context) {
    const { name } = await setPaused(args, context, true);
    if (context.output.wantsJson) context.output.object({ schema: 1, name, paused: true });
    else
      context.output.say(`${name} is paused. To resume it: lockstep sync resume --sync ${shellWord(name)}`);
  },
};

export const syncResume: Command = {
  flags: { sync: syncFlag },
  async run(args, context) {
    const { name } = await setPaused(args, context, false);
    if (context.output.wantsJson) context.output.object({ schema: 1, name, paused: false });
    else context.output.say(`${name} is resumed.`);
  },
};

async function setPaused(args: Arguments, context: Context, paused: boolean): Promise<SyncView> {
  const api = await findApi(context);
  const { id } = await chooseSync(api, args.text('sync'));
  return api.patch(pathOf(id), { paused }, syncSchema);
}
