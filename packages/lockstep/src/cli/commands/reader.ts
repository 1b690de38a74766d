/** `reader create`, `list` and `drop`: the logins of applications that read a mirror. */
import { z } from 'zod';
import { readerOnceSchema, readerSchema } from '../../contract/mirrors.ts';
import { readerName } from '../../core/given-names.ts';
import { usageError } from '../../core/request-error.ts';
import { type Command, syncFlag } from '../arguments.ts';
import { chooseSync, pathOf } from '../choose-sync.ts';
import { findApi } from '../find-server.ts';
import { table } from '../terminal/output.ts';
import { psqlLine } from '../terminal/psql-line.ts';

const named = { shown: 'NAME', min: 1, max: 1 };

export const readerCreate: Command = {
  positionals: named,
  flags: { sync: syncFlag, 'dry-run': { description: 'Only try whether it can be made.' } },
  async run(args, context) {
    const { output } = context;
    const [name = ''] = args.words;
    if (!readerName.test(name))
      throw usageError(
        'A reader is named by up to 20 of a-z, 0-9 and _, the first a letter',
        'lockstep help reader create',
      );
    const api = await findApi(context);
    const sync = await chooseSync(api, args.text('sync'));
    const path = `${pathOf(sync.id)}/readers`;
    if (args.isSet('dry-run')) {
      const { login } = await api.post(`${path}?dry_run=true`, { name }, readerSchema);
      if (output.wantsJson) output.object({ schema: 1, name, login, created: false });
      else output.say(`The login ${login} can be made. Nothing was made.`);
      return;
    }
    const reader = await api.post(path, { name }, readerOnceSchema);
    if (output.wantsJson) output.object({ schema: 1, ...reader });
    else output.data(psqlLine(reader.mirror_url));
    output.say('This line holds a password: store it now, it is not shown again.');
  },
};

export const readerList: Command = {
  flags: { sync: syncFlag },
  async run(args, context) {
    const { output } = context;
    const api = await findApi(context);
    const sync = await chooseSync(api, args.text('sync'));
    const { items } = await api.list(`${pathOf(sync.id)}/readers`, readerSchema);
    if (output.wantsJson) output.object({ schema: 1, name: sync.name, items });
    else if (items.length === 0) output.say('No reader yet. To create one: lockstep help reader create');
    else
      output.data(
        table(
          ['NAME', 'LOGIN'],
          items.map(({ name, login }) => [name, login]),
          new Set(),
        ),
      );
  },
};

export const readerDrop: Command = {
  positionals: named,
  flags: { sync: syncFlag },
  async run(args, context) {
    const { output } = context;
    const [name = ''] = args.words;
    const api = await findApi(context);
    const sync = await chooseSync(api, args.text('sync'));
    await api.delete(`${pathOf(sync.id)}/readers/${encodeURIComponent(name)}`, z.null());
    if (output.wantsJson) output.object({ schema: 1, name, dropped: true });
    else output.say(`${name} is dropped: its sessions have ended, and its password opens nothing.`);
  },
};
