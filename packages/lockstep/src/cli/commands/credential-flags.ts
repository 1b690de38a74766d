/** How a command is told to sign in to Salesforce: the flags of `sync create` and `sync reauth`. */
import { systemClock } from '@lockstep/foundation/clock';
import type { z } from 'zod';
import { newCredentialSchema, signInOnceSchema, signInSchema } from '../../contract/credentials.ts';
import { errorKindOf, RequestError, usageError } from '../../core/request-error.ts';
import type { ApiClient } from '../api-client.ts';
import type { Arguments, Context, Flag } from '../arguments.ts';
import { checked, type Members, overlaid, withSecrets } from '../given-members.ts';
import { secretOf } from '../terminal/secret.ts';

type NewCredential = z.output<typeof newCredentialSchema>;

/** The flows as flags name them, and as requests do. */
const flows: Readonly<Record<string, NewCredential['flow']>> = {
  'client-credentials': 'client credentials',
  jwt: 'jwt bearer',
  'refresh-token': 'refresh token',
  web: 'web server',
};
const flowNames = Object.keys(flows);

export const credentialFlags: Readonly<Record<string, Flag>> = {
  flow: {
    value: flowNames.join('|'),
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

/** What each flag gives. */
const memberOf: Readonly<Record<string, string>> = {
  'client-id': 'client_id',
  'client-id-file': 'client_id_file',
  'client-secret-file': 'client_secret_file',
  username: 'username',
  'jwt-key': 'key',
  'key-file': 'private_key_file',
  'refresh-token-file': 'refresh_token_file',
};

/** What belongs to each flow besides the app. */
const flagsOfFlow: Readonly<Record<NewCredential['flow'], readonly string[]>> = {
  'client credentials': ['client-secret-file'],
  'jwt bearer': ['username', 'jwt-key', 'key-file'],
  'refresh token': ['client-secret-file', 'refresh-token-file'],
  'web server': ['client-secret-file'],
};

/**
 * A credential by flags. Nobody is asked for anything yet.
 *
 * @param ofFile  what a file says, whose flow stays unless a flag names another one
 * @throws a usage error
 */
export function credentialMembers(args: Arguments, help: string, ofFile?: Members): Members {
  const given = ofFile ?? {};
  const named = args.text('flow');
  if (named !== undefined && !Object.hasOwn(flows, named))
    throw usageError(`--flow takes ${flowNames.join(', ')}`, help);
  const before = given.flow ?? 'client credentials';
  const flow = named === undefined ? before : flows[named];
  const set = Object.keys(memberOf).filter((flag) => args.isSet(flag));
  const own = flagsOfFlow[flow as NewCredential['flow']] ?? [];
  const wrong = set.find((flag) => !flag.startsWith('client-id') && !own.includes(flag));
  if (wrong !== undefined) {
    const name = flowNames.find((one) => flows[one] === flow);
    throw usageError(`--${wrong} does not belong to --flow ${name}`, help);
  }
  if (!ofFile) refuseIncomplete(args, flow, help);
  const flags = Object.fromEntries(set.map((flag) => [memberOf[flag] ?? flag, args.text(flag)]));
  return { ...overlaid(before === flow ? given : appOf(given), flags), flow };
}

function refuseIncomplete(args: Arguments, flow: unknown, help: string): void {
  if (!args.isSet('client-id') && !args.isSet('client-id-file'))
    throw usageError('--client-id is missing', help);
  if (flow !== 'jwt bearer') return;
  if (!args.isSet('username')) throw usageError('--flow jwt needs --username', help);
  if (args.isSet('jwt-key') === args.isSet('key-file'))
    throw usageError('--flow jwt needs either --jwt-key or --key-file', help);
}

/** What a file says of the app holds for each flow. */
const appOf = (given: Members): Members =>
  Object.fromEntries(Object.entries(given).filter(([name]) => name.startsWith('client_id')));

/** What stands for a secret that is asked for, or for a sign-in, until all else has been checked. */
const askedLater: Readonly<Record<string, Members>> = {
  'client credentials': { client_secret: '?' },
  'refresh token': { refresh_token: '?' },
};

/** The credential as it will be. @param given  with its secrets, apart from those that somebody is asked for */
export function withoutAsking(given: Members): Members {
  if (given.flow === 'web server') return { flow: given.flow, sign_in: given.sign_in ?? '?' };
  return { ...askedLater[String(given.flow)], ...given };
}

/** Asks for secrets that were not given; with the flow web it waits until somebody has signed in in a browser. */
export async function credentialFrom(
  given: Members,
  context: Context,
  api: ApiClient,
  { loginUrl, help }: { loginUrl: string; help: string },
): Promise<NewCredential> {
  const known = await withSecrets(given, help);
  const says = 'The credential cannot be used as it is given';
  return checked(newCredentialSchema, await answered(known, context, api, { loginUrl, help }), {
    says,
    help,
  });
}

async function answered(
  known: Members,
  context: Context,
  api: ApiClient,
  { loginUrl, help }: { loginUrl: string; help: string },
): Promise<Members> {
  const { flow, ...app } = known;
  const ask = (question: string, flag: string) => secretOf({ file: undefined, question, flag, help });
  if (flow === 'client credentials' && known.client_secret === undefined)
    return { ...known, client_secret: await ask('Consumer secret: ', 'client-secret-file') };
  if (flow === 'refresh token' && known.refresh_token === undefined)
    return { ...known, refresh_token: await ask('Refresh token: ', 'refresh-token-file') };
  if (flow === 'web server' && known.sign_in === undefined)
    return { flow, sign_in: await signInByBrowser(api, { login_url: loginUrl, ...app }, context) };
  return known;
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
