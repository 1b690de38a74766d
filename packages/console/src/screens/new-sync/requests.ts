/** The answers in the forms of the API, and the requests that check them. */
import { api, bodyOf } from '../../api/client.ts';
import type { components } from '../../api/schema.d.ts';
import { type Check, type Results, useCheck } from './checks.ts';
import { type Draft, type Flow, type Place, useDraft } from './draft.ts';
import { loginUrlOf } from './login-url.ts';
import { intervalOf } from './pace.ts';

type Schemas = components['schemas'];
export type Connection = Schemas['Connection'];
type Credential = Schemas['NewCredential'];
type NewSync = Schemas['NewSync'];
type NewDestination = Schemas['NewDestination'];

const fixed: Record<Exclude<Place, 'my domain'>, string> = {
  production: 'https://login.salesforce.com',
  sandbox: 'https://test.salesforce.com',
};

/** Where the org signs people in; empty: not answered. */
export const loginUrl = ({ place, domain }: Pick<Draft, 'place' | 'domain'>): string =>
  place === 'my domain' ? loginUrlOf(domain) : fixed[place];

/** Only if it is given: the app may require none. */
const optional = <Name extends string>(name: Name, value: string) =>
  (value === '' ? {} : { [name]: value }) as { [name in Name]?: string };

function credentialOf(draft: Draft): Credential {
  const { flow, clientSecret, keyFrom, keyName, privateKey } = draft;
  const client_id = draft.clientId.trim();
  const forms: Record<Flow, () => Credential> = {
    'web server': () => ({ flow: 'web server', sign_in: draft.signIn }),
    'jwt bearer': () => ({
      flow: 'jwt bearer',
      client_id,
      username: draft.username.trim(),
      ...(keyFrom === 'made here' ? { key: keyName } : { private_key: privateKey }),
    }),
    'client credentials': () => ({ flow: 'client credentials', client_id, client_secret: clientSecret }),
    'refresh token': () => ({
      flow: 'refresh token',
      client_id,
      refresh_token: draft.refreshToken.trim(),
      ...optional('client_secret', clientSecret),
    }),
  };
  return forms[flow]();
}

export const connectionOf = (draft: Draft): Connection => ({
  login_url: loginUrl(draft),
  credential: credentialOf(draft),
});

export function destinationOf(draft: Draft): NewDestination {
  const { url, readerUrl, schema, sharesSchema, authority, hasTunnel } = draft;
  return {
    url: url.trim(),
    reader_url: readerUrl.trim(),
    schema: schema.trim(),
    share_schema: sharesSchema,
    ...optional('ca', authority),
    ...(hasTunnel && { tunnel: tunnelOf(draft) }),
  };
}

const tunnelOf = ({ tunnelHost, tunnelPort, tunnelUser, tunnelKey, tunnelHostKey }: Draft) => ({
  host: tunnelHost.trim(),
  port: Number(tunnelPort),
  user: tunnelUser.trim(),
  key: tunnelKey,
  ...optional('host_key', tunnelHostKey.trim()),
});

/** @param dailyMax  requests that the org allows in a day; null: not known */
export function newSyncOf(draft: Draft, dailyMax: number | null): NewSync {
  return {
    name: draft.name.trim(),
    ...connectionOf(draft),
    objects: [...(draft.objects ?? [])],
    fields_left_out: leftOutOf(draft),
    interval_ms: intervalOf(draft.everySeconds, dailyMax) ?? 0,
    stop_at_percent: Number(draft.stopAtPercent),
    api_version: 'newest',
    ...(draft.destination === 'own' && { destination: destinationOf(draft) }),
  };
}

/** Of the chosen objects: another one may have been chosen before. */
export const leftOutOf = ({ leftOut, objects }: Pick<Draft, 'leftOut' | 'objects'>): string[] =>
  leftOut.filter((field) => objects?.includes(field.split('.')[0] ?? ''));

export const useOrgCheck = (): Check<Results['org']> =>
  useCheck('org', connectionOf(useDraft()), (body, signal) =>
    bodyOf(api.POST('/api/v1/org-checks', { body, signal })),
  );

/** The name is asked for later, so this dry run has one that nobody has given. */
export function useObjectsCheck(): Check<Results['objects']> {
  const draft = useDraft();
  const request = {
    ...connectionOf(draft),
    objects: [...(draft.objects ?? [])],
    fields_left_out: leftOutOf(draft),
  };
  return useCheck('objects', request, (body, signal) =>
    dryRun({ ...body, name: `dry-run-${crypto.getRandomValues(new Uint32Array(1))[0]}` }, signal),
  );
}

export const useDestinationCheck = (): Check<Results['destination']> =>
  useCheck('destination', destinationOf(useDraft()), (body, signal) =>
    bodyOf(api.POST('/api/v1/destinations/check', { body, signal })),
  );

export const useFullCheck = (dailyMax: number | null): Check<Results['all']> =>
  useCheck('all', newSyncOf(useDraft(), dailyMax), dryRun);

async function dryRun(
  body: Partial<NewSync> & Pick<NewSync, 'name' | 'credential'>,
  signal: AbortSignal,
): Promise<Results['all']> {
  const params = { query: { dry_run: 'true' as const } };
  const answer = await bodyOf(api.POST('/api/v1/syncs', { body: body as NewSync, params, signal }));
  return answer as Results['all'];
}
