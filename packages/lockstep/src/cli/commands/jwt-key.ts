/** `jwt-key create`, `list` and `delete`: key pairs with which syncs sign in by a signed assertion. */
import { z } from 'zod';
import { jwtKeySchema } from '../../contract/credentials.ts';
import type { Command } from '../arguments.ts';
import { findApi } from '../find-server.ts';
import { table } from '../terminal/output.ts';

const named = { shown: 'NAME', min: 1, max: 1 };

export const jwtKeyCreate: Command = {
  positionals: named,
  async run(args, context) {
    const { output } = context;
    const [name = ''] = args.words;
    const made = await (await findApi(context)).post('/jwt-keys', { name }, jwtKeySchema);
    if (output.wantsJson) output.object({ schema: 1, ...made });
    else output.data(made.certificate.trimEnd());
    output.say(
      'Upload this certificate to the app in Salesforce (docs/connect.md). The private key stays here.',
    );
  },
};

export const jwtKeyList: Command = {
  async run(_, context) {
    const { output } = context;
    const { items } = await (await findApi(context)).list('/jwt-keys', jwtKeySchema);
    if (output.wantsJson) output.object({ schema: 1, items });
    else if (items.length === 0) output.say('No key pair yet. To create one: lockstep help jwt-key create');
    else {
      const rows = items.map(({ name, created_at, expires_at }) => [
        name,
        created_at ?? '–',
        expires_at ?? '–',
      ]);
      output.data(table(['NAME', 'CREATED', 'CERTIFICATE EXPIRES'], rows, new Set()));
    }
  },
};

export const jwtKeyDelete: Command = {
  positionals: named,
  async run(args, context) {
    const { output } = context;
    const [name = ''] = args.words;
    await (await findApi(context)).delete(`/jwt-keys/${encodeURIComponent(name.slice(0, 80))}`, z.null());
    if (output.wantsJson) output.object({ schema: 1, name, deleted: true });
    else output.say(`${name} is deleted. Syncs that were created with it keep working.`);
  },
};
