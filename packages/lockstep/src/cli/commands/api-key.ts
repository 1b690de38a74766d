/** `api-key create`, `list` and `revoke`: keys of programs that use the management API. */
import { createApiKey, listApiKeys, revokeApiKey } from '../../control/index.ts';
import { givenName } from '../../core/given-names.ts';
import { inRfc3339, timeSince } from '../../core/plain-words.ts';
import { RequestError, usageError } from '../../core/request-error.ts';
import { apiKeyView } from '../../operations/api-key-view.ts';
import { readNow } from '../../operations/read-objects.ts';
import type { Command } from '../arguments.ts';
import { withControl } from '../running.ts';
import { table } from '../terminal/output.ts';

const dayMs = 86_400_000;
const named = { shown: 'NAME', min: 1, max: 1 };

export const apiKeyCreate: Command = {
  positionals: named,
  flags: {
    scope: { value: 'read|write', description: 'read, the default: only what changes nothing.' },
    'expires-in-days': { value: 'DAYS', description: '1 to 3650; without it the key does not expire.' },
  },
  async run(args, { config, output }) {
    const [name = ''] = args.words;
    const help = 'lockstep help api-key create';
    if (!givenName.test(name))
      throw usageError('A key is named by up to 60 letters, digits, spaces and . _ -', help);
    const scope = args.text('scope') ?? 'read';
    if (scope !== 'read' && scope !== 'write') throw usageError('--scope takes read or write', help);
    const days = args.isSet('expires-in-days')
      ? args.number('expires-in-days', { min: 1, max: 3_650, otherwise: 1 })
      : null;
    const expiresInMs = days === null ? null : days * dayMs;
    const { apiKey, key } = await withControl(config, (control) =>
      createApiKey(control, { name, scope, expiresInMs }),
    );
    if (output.wantsJson)
      output.object({ schema: 1, name, scope, expires_at: inRfc3339(apiKey.expiresAt), key });
    else {
      output.data(key);
      output.say('Store it now: it is not shown again.');
    }
  },
};

export const apiKeyList: Command = {
  run: (_, { config, output }) =>
    withControl(config, async (control) => {
      const keys = await listApiKeys(control);
      if (output.wantsJson) {
        output.object({ schema: 1, items: keys.map(apiKeyView) });
        return;
      }
      if (keys.length === 0) return output.say('No key yet. To create one: lockstep help api-key create');
      const now = await readNow(control.db);
      const rows = keys.map(({ name, scope, expiresAt, lastUsedAt, isExpired }) => [
        name,
        scope,
        isExpired ? 'expired' : (inRfc3339(expiresAt) ?? 'never'),
        timeSince(lastUsedAt, now),
      ]);
      output.data(table(['NAME', 'SCOPE', 'EXPIRES', 'LAST USED'], rows, new Set()));
    }),
};

export const apiKeyRevoke: Command = {
  positionals: named,
  async run(args, { config, output }) {
    const [name = ''] = args.words;
    const isRevoked = await withControl(config, (control) => revokeApiKey(control, name));
    if (!isRevoked) {
      throw new RequestError(`There is no key ${JSON.stringify(name)}`, {
        kind: 'not found',
        next: 'lockstep api-key list',
      });
    }
    if (output.wantsJson) output.object({ schema: 1, name, revoked: true });
    else output.say(`${name} is revoked.`);
  },
};
