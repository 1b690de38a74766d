/** `api-key create`, `list` and `revoke`: keys of programs that use the management API. */
import { z } from 'zod';
import { keyOnceSchema, keySchema } from '../../contract/keys.ts';
import { givenName } from '../../core/given-names.ts';
import { timeOf, timeSince } from '../../core/plain-words.ts';
import { usageError } from '../../core/request-error.ts';
import type { Command } from '../arguments.ts';
import { findApi } from '../find-server.ts';
import { table } from '../terminal/output.ts';

const named = { shown: 'NAME', min: 1, max: 1 };

export const apiKeyCreate: Command = {
  positionals: named,
  flags: {
    scope: { value: 'read|write', description: 'read, the default: only what changes nothing.' },
    'expires-in-days': { value: 'DAYS', description: '1 to 3650; without it the key does not expire.' },
  },
  async run(args, context) {
    const { output } = context;
    const [name = ''] = args.words;
    const help = 'lockstep help api-key create';
    if (!givenName.test(name))
      throw usageError('A key is named by up to 60 letters, digits, spaces and . _ -', help);
    const scope = args.text('scope') ?? 'read';
    if (scope !== 'read' && scope !== 'write') throw usageError('--scope takes read or write', help);
    const days = args.isSet('expires-in-days')
      ? args.number('expires-in-days', { min: 1, max: 3_650, otherwise: 1 })
      : undefined;
    const api = await findApi(context);
    const made = await api.post('/api-keys', { name, scope, expires_in_days: days }, keyOnceSchema);
    if (output.wantsJson) output.object({ schema: 1, ...made });
    else output.data(made.key);
    output.say('Store it now: it is not shown again.');
  },
};

export const apiKeyList: Command = {
  async run(_, context) {
    const { output } = context;
    const { items, as_of: asOf } = await (await findApi(context)).list('/api-keys', keySchema);
    if (output.wantsJson) {
      output.object({ schema: 1, items });
      return;
    }
    if (items.length === 0) return output.say('No key yet. To create one: lockstep help api-key create');
    const rows = items.map(({ name, scope, expires_at, last_used_at, is_expired }) => [
      name,
      scope,
      is_expired ? 'expired' : (expires_at ?? 'never'),
      timeSince(last_used_at, timeOf(asOf)),
    ]);
    output.data(table(['NAME', 'SCOPE', 'EXPIRES', 'LAST USED'], rows, new Set()));
  },
};

export const apiKeyRevoke: Command = {
  positionals: named,
  async run(args, context) {
    const { output } = context;
    const [name = ''] = args.words;
    await (await findApi(context)).delete(`/api-keys/${encodeURIComponent(name.slice(0, 80))}`, z.null());
    if (output.wantsJson) output.object({ schema: 1, name, revoked: true });
    else output.say(`${name} is revoked.`);
  },
};
