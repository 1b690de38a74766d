/** `sync list`, `show`, `pause` and `resume`. */

import { shellWord } from '@lockstep/foundation/shell-words';
import { type Control, listSyncs } from '../../control/index.ts';
import { changeSync } from '../../operations/change-sync.ts';
import { readSyncStatuses } from '../../operations/sync-status.ts';
import { type Command, syncFlag } from '../arguments.ts';
import { chooseSync, findProxyUrl, withControl } from '../running.ts';
import { table } from '../terminal/output.ts';
import { addressesOf, showAddresses } from './sync-addresses.ts';

export const syncList: Command = {
  async run(_, { config, output }) {
    const seen = await withControl(config, async (control) =>
      readSyncStatuses(control, await listSyncs(control)),
    );
    if (output.wantsJson) {
      const proxyUrl = await findProxyUrl(config);
      const items = seen.map(({ sync, health, state, headline }) => ({
        id: sync.id,
        name: sync.name,
        org_id: sync.orgId,
        instance_url: sync.instanceUrl,
        base_url: proxyUrl === undefined ? null : `${proxyUrl}/${sync.id}`,
        objects: sync.sobjects,
        interval_ms: sync.intervalMs,
        paused: sync.paused,
        held: health.hasWorker,
        fault: health.fault?.code ?? null,
        state,
        headline,
      }));
      output.object({ schema: 1, items });
      return;
    }
    const rows = seen.map(({ sync, word }) => [
      sync.name,
      sync.id,
      sync.instanceUrl,
      word,
      `${sync.intervalMs / 1000} s`,
      sync.sobjects.join(', '),
    ]);
    if (rows.length === 0) output.say('No sync yet. To create one: lockstep help sync create');
    else output.data(table(['NAME', 'ID', 'ORG', 'STATE', 'EVERY', 'OBJECTS'], rows, new Set()));
  },
};

export const syncShow: Command = {
  flags: { sync: syncFlag },
  run: (args, { config, output }) =>
    withControl(config, async (control) =>
      showAddresses(await addressesOf(config, control, await chooseSync(control, args.text('sync'))), output),
    ),
};

export const syncPause: Command = {
  flags: { sync: syncFlag },
  run: (args, { config, output }) =>
    withControl(config, async (control) => {
      const name = await pause(control, args.text('sync'), true);
      if (output.wantsJson) output.object({ schema: 1, name, paused: true });
      else output.say(`${name} is paused. To resume it: lockstep sync resume --sync ${shellWord(name)}`);
    }),
};

export const syncResume: Command = {
  flags: { sync: syncFlag },
  run: (args, { config, output }) =>
    withControl(config, async (control) => {
      const name = await pause(control, args.text('sync'), false);
      if (output.wantsJson) output.object({ schema: 1, name, paused: false });
      else output.say(`${name} is resumed.`);
    }),
};

async function pause(control: Control, nameOrId: string | undefined, paused: boolean): Promise<string> {
  const { name } = await changeSync(control, await chooseSync(control, nameOrId), { paused });
  return name;
}
