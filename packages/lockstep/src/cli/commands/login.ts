/** `login` and `logout`: which server the commands of this user use, when they do not name one. */
import { systemSchema } from '../../contract/system.ts';
import { usageError } from '../../core/request-error.ts';
import { openApiClient } from '../api-client.ts';
import type { Command, Context } from '../arguments.ts';
import { forgetLogin, readLogin, writeLogin } from '../login-file.ts';
import { secretOf } from '../terminal/secret.ts';

const help = 'lockstep help login';

export const login: Command = {
  positionals: { shown: 'URL', min: 1, max: 1 },
  flags: {
    'key-file': {
      value: 'FILE',
      description:
        'A file with a key of lockstep api-key create; - for standard input. Without it you are asked.',
    },
  },
  async run(args, context) {
    const { output, stop } = context;
    const file = fileOf(context);
    const url = URL.parse(args.words[0] ?? '');
    if (!url || !/^https?:$/.test(url.protocol))
      throw usageError('login takes an address such as https://lockstep.example.com', help);
    const key = await secretOf({
      file: args.text('key-file'),
      question: `Key for ${url.origin}: `,
      flag: 'key-file',
      help,
    });
    const api = openApiClient({ url: url.origin, key, stop });
    const { version } = await api.get('/system', systemSchema);
    await writeLogin(file, { url: url.origin, key });
    if (output.wantsJson) output.object({ schema: 1, url: url.origin, version });
    else output.say(`Commands now use ${url.origin} (version ${version}), until lockstep logout.`);
  },
};

export const logout: Command = {
  async run(_, context) {
    const { output } = context;
    const file = fileOf(context);
    const was = await readLogin(file).catch(() => null);
    await forgetLogin(file);
    if (output.wantsJson) output.object({ schema: 1, url: was?.url ?? null });
    else if (was) output.say(`Commands no longer use ${was.url}. Its key is still valid: revoke it there.`);
    else output.say('There was no login.');
  },
};

function fileOf({ config: { loginFile } }: Context): string {
  if (loginFile !== undefined) return loginFile;
  throw usageError('A login is of a user, not of a data directory: leave --data out', help);
}
