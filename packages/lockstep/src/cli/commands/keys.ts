/** `api-key` and `proxy-key`, each with `create`, `list` and `revoke`: keys that programs hold. */
import { z } from 'zod';
import { keyOnceSchema, keySchema } from '../../contract/keys.ts';
import { givenName } from '../../core/given-names.ts';
import { timeOf, timeSince } from '../../core/plain-words.ts';
import { usageError } from '../../core/request-error.ts';
import type { ApiClient } from '../api-client.ts';
import { type Arguments, type Command, syncFlag } from '../arguments.ts';
import { chooseSync, pathOf } from '../choose-sync.ts';
import { findApi } from '../find-server.ts';
import { table } from '../terminal/output.ts';

/** What the keys open. */
interface KeyKind {
  noun: 'api-key' | 'proxy-key';
  flags: NonNullable<Command['flags']>;
  readScope: string;
  path: (api: ApiClient, args: Arguments) => Promise<string>;
}

const ofApi: KeyKind = {
  noun: 'api-key',
  flags: {},
  readScope: 'read, the default: only what changes nothing.',
  path: async () => '/api-keys',
};
const ofProxy: KeyKind = {
  noun: 'proxy-key',
  flags: { sync: syncFlag },
  readScope:
    'read, the default: only reads. write: records too, with the rights that the sync’s own user has in Salesforce.',
  path: async (api, args) => `${pathOf((await chooseSync(api, args.text('sync'))).id)}/proxy-keys`,
};

const named = { shown: 'NAME', min: 1, max: 1 };

const createCommand = ({ noun, flags, readScope, path }: KeyKind): Command => ({
  positionals: named,
  flags: {
    ...flags,
    scope: { value: 'read|write', description: readScope },
    'expires-in-days': { value: 'DAYS', description: '1 to 3650; without it the key does not expire.' },
  },
  async run(args, context) {
    const { output } = context;
    const [name = ''] = args.words;
    const help = `lockstep help ${noun} create`;
    if (!givenName.test(name))
      throw usageError('A key is named by up to 60 letters, digits, spaces and . _ -', help);
    const scope = args.text('scope') ?? 'read';
    if (scope !== 'read' && scope !== 'write') throw usageError('--scope takes read or write', help);
    const days = args.isSet('expires-in-days')
      ? args.number('expires-in-days', { min: 1, max: 3_650, otherwise: 1 })
      : undefined;
    const api = await findApi(context);
    const body = { name, scope, expires_in_days: days };
    const made = await api.post(await path(api, args), body, keyOnceSchema);
    if (output.wantsJson) output.object({ schema: 1, ...made });
    else output.data(made.key);
    output.say('Store it now: it is not shown again.');
  },
});

const listCommand = ({ noun, flags, path }: KeyKind): Command => ({
  flags,
  async run(args, context) {
    const { output } = context;
    const api = await findApi(context);
    const { items, as_of: asOf } = await api.list(await path(api, args), keySchema);
    if (output.wantsJson) {
      output.object({ schema: 1, items });
      return;
    }
    if (items.length === 0) return output.say(`No key yet. To create one: lockstep help ${noun} create`);
    const rows = items.map(({ name, scope, expires_at, last_used_at, is_expired }) => [
      name,
      scope,
      is_expired ? 'expired' : (expires_at ?? 'never'),
      timeSince(last_used_at, timeOf(asOf)),
    ]);
    output.data(table(['NAME', 'SCOPE', 'EXPIRES', 'LAST USED'], rows, new Set()));
  },
});

const revokeCommand = ({ flags, path }: KeyKind): Command => ({
  positionals: named,
  flags,
  async run(args, context) {
    const { output } = context;
    const [name = ''] = args.words;
    const api = await findApi(context);
    await api.delete(`${await path(api, args)}/${encodeURIComponent(name.slice(0, 80))}`, z.null());
    if (output.wantsJson) output.object({ schema: 1, name, revoked: true });
    else output.say(`${name} is revoked.`);
  },
});

export const apiKeyCreate = createCommand(ofApi);
export const apiKeyList = listCommand(ofApi);
export const apiKeyRevoke = revokeCommand(ofApi);
export const proxyKeyCreate = createCommand(ofProxy);
export const proxyKeyList = listCommand(ofProxy);
export const proxyKeyRevoke = revokeCommand(ofProxy);
