/** How a command is told to sign in to Salesforce: the flags of `sync create` and `sync reauth`. */
import { unreachable } from '@lockstep/foundation/assert';
import { systemClock } from '@lockstep/foundation/clock';
import type { z } from 'zod';
import { type newCredentialSchema, signInOnceSchema, signInSchema } from '../../contract/credentials.ts';
import { errorKindOf, RequestError, usageError } from '../../core/request-error.ts';
import type { ApiClient } from '../api-client.ts';
import type { Arguments, Context, Flag } from '../arguments.ts';
import { readSecretFile, secretOf } from '../terminal/secret.ts';

type NewCredential = z.input<typeof newCredentialSchema>;

const flows = ['client-credentials', 'jwt', 'refresh-token', 'web'] as const;
type FlowName = (typeof flows)[number];

export const credentialFlags: Readonly<Record<string, Flag>> = {
  flow: {
    value: flows.join('|'),
    description:
      'How Lockstep signs in (docs/connect.md). client-credentials, the default; jwt: by a signed assertion; refresh-token: by one that you have; web: you sign in in a browser.',
  },
  'client-id': { value: 'ID', description: 'Consumer key of the app in Salesforce.' },
  'client-id-file': { value: 'FILE', description: 'A file with the consumer key instead.' },
  'client-secret-file': {
    value: 'FILE',
    description:
      'A file with its secret; - for standard input. client-credentials needs it; without this flag you are asked.',
  },
  username: { value: 'NAME', description: 'jwt: the user to act as.' },
  'jwt-key': { value: 'NAME', description: 'jwt: a key pair of lockstep jwt-key create.' },
  'key-file': { value: 'FILE', description: 'jwt: a file with a private key of your own, in PEM.' },
  'refresh-token-file': {
    value: 'FILE',
    description: 'refresh-token: a file with it; - for standard input.',
  },
};

/** What belongs to each flow besides the app. */
const flagsOfFlow: Record<FlowName, readonly string[]> = {
  'client-credentials': ['client-secret-file'],
  jwt: ['username', 'jwt-key', 'key-file'],
  'refresh-token': ['client-secret-file', 'refresh-token-file'],
  web: ['client-secret-file'],
};

/** @throws a usage error, before anything is asked of anybody */
export function flowOf(args: Arguments, help: string): FlowName {
  const given = args.text('flow') ?? 'client-credentials';
  const flow = flows.find((one) => one === given);
  if (!flow) throw usageError(`--flow takes ${flows.join(', ')}`, help);
  const wrong = Object.values(flagsOfFlow)
    .flat()
    .find((flag) => args.isSet(flag) && !flagsOfFlow[flow].includes(flag));
  if (wrong !== undefined) throw usageError(`--${wrong} does not belong to --flow ${flow}`, help);
  if (!args.isSet('client-id') && !args.isSet('client-id-file'))
    throw usageError('--client-id is missing', help);
  if (flow === 'jwt' && !args.isSet('username')) throw usageError('--flow jwt needs --username', help);
  if (flow === 'jwt' && args.isSet('jwt-key') === args.isSet('key-file'))
    throw usageError('--flow jwt needs either --jwt-key or --key-file', help);
  return flow;
}

/** Asks for secrets that were not given; with the flow web it waits until somebody has signed in in a browser. */
export async function credentialOf(
  args: Arguments,
  context: Context,
  api: ApiClient,
  { loginUrl, help }: { loginUrl: string; help: string },
): Promise<NewCredential> {
  const flow = flowOf(args, help);
  const client_id = args.text('client-id') ?? (await readSecretFile(args.text('client-id-file') ?? '', help));
  switch (flow) {
    case 'client-credentials': {
      const client_secret = await secret(args, 'client-secret-file', 'Consumer secret: ', help);
      return { flow: 'client credentials', client_id, client_secret };
    }
    case 'jwt': {
      const [username = '', key] = [args.text('username'), args.text('jwt-key')];
      const file = args.text('key-file');
      const own = file === undefined ? { key } : { private_key: await readSecretFile(file, help) };
      return { flow: 'jwt bearer', client_id, username, ...own };
    }
    case 'refresh-token': {
      const refresh_token = await secret(args, 'refresh-token-file', 'Refresh token: ', help);
      return { flow: 'refresh token', client_id, ...(await appSecret(args, help)), refresh_token };
    }
    case 'web': {
      const app = { login_url: loginUrl, client_id, ...(await appSecret(args, help)) };
      return { flow: 'web server', sign_in: await signInByBrowser(api, app, context) };
    }
    default:
      return unreachable(flow);
  }
}

const secret = (args: Arguments, flag: string, question: string, help: string): Promise<string> =>
  secretOf({ file: args.text(flag), question, flag, help });

/** An app need not have a secret, so nobody is asked for it. */
async function appSecret(args: Arguments, help: string): Promise<{ client_secret?: string }> {
  const file = args.text('client-secret-file');
  return file === undefined
    ? {}
    : { client_secret: await secretOf({ file, question: '', flag: 'client-secret-file', help }) };
}

const lookEveryMs = 1_000;

/** @returns the id of the sign-in, when it is done */
async function signInByBrowser(api: ApiClient, app: object, { output, stop }: Context): Promise<string> {
  const begun = await api.post('/sign-ins', app, signInOnceSchema);
  output.say(`The app in Salesforce must list this callback address: ${begun.redirect_uri}`);
  output.say('Open this address in a browser, within ten minutes, and sign in:');
  output.say(`  ${begun.start_url}`);
  for (;;) {
    await systemClock.sleep(lookEveryMs, stop);
    const { state, fault, org_id } = await api.get(`/sign-ins/${begun.id}`, signInSchema);
    if (state === 'done') {
      output.say(`Signed in to org ${org_id}.`);
      return begun.id;
    }
    if (fault)
      throw new RequestError(fault.says, {
        kind: errorKindOf(fault.code),
        label: fault.code,
        next: fault.next,
      });
  }
}
