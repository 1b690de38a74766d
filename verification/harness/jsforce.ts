import { assert } from '@lockstep/foundation/assert';
import { Connection, type ConnectionConfig, type SaveResult } from 'jsforce';
import type { OrgCredentials, TestOrg } from './org.ts';

/**
 * jsforce at a simulated org, through its public API alone: a client written by others shows what the org's own tests
 * may both have wrong. Not asked for, because the org serves none of it: the SOAP API beyond login and logout, Metadata,
 * Bulk API 1.0, Analytics, Apex REST, Chatter, Streaming and Tooling (other APIs than those that keep records in step),
 * search, tabs, themes, layouts, quick actions, processes and approvals (screens and automation of an org), and the
 * sign-in of Canvas apps.
 */
export const apiVersion = '62.0';

/** Not signed in, but knows the org as a My Domain; `more` replaces parts of the configuration. */
export const unsigned = ({ url }: TestOrg, more: ConnectionConfig = {}): Connection =>
  new Connection({ loginUrl: url, instanceUrl: url, version: apiVersion, ...more });

/** Signed in as the demo user with a token that the test's org keeps, and named to it. */
export const connect = async (org: TestOrg, more: ConnectionConfig = {}): Promise<Connection> =>
  unsigned(org, { accessToken: await org.token('demo'), callOptions: { client: 'jsforce-test' }, ...more });

/** The web app as OAuth2 configuration. */
export function webApp({ url, credentials }: TestOrg) {
  const { clientId, clientSecret, redirectUris } = credentials.web;
  const [redirectUri] = redirectUris;
  assert(redirectUri !== undefined, 'the web app has an address');
  return { loginUrl: url, clientId, clientSecret, redirectUri };
}

/** What an app of its own says of itself. */
export const appOf = ({ clientId, clientSecret }: OrgCredentials['integration' | 'demo']) => ({
  clientId,
  clientSecret,
});

/** The Id of a record that was written. */
export function savedId(result: SaveResult): string {
  assert(result.success, 'the record was written');
  return result.id;
}

export const savedIds = (results: readonly SaveResult[]): string[] => results.map(savedId);

/** What jsforce makes of a refusal. */
export interface Refusal extends Error {
  errorCode: string;
  data: unknown;
}

/** Waits for what must be refused. */
export async function refusalOf(work: PromiseLike<unknown>): Promise<Refusal> {
  const outcome = await Promise.resolve(work).then(
    () => undefined,
    (error: unknown) => error as Refusal,
  );
  assert(outcome !== undefined, 'this is refused');
  return outcome;
}
