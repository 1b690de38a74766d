import { assert } from '@lockstep/foundation/assert';
import { Connection, type ConnectionConfig, type SaveResult } from 'jsforce';
import type { OrgCredentials, TestOrg } from './org.ts';

/**
 * jsforce against a simulated org, through its public API only: a client written by others finds what both the org and
 * its own tests may have wrong. Left out, because the org does not serve it: the SOAP API beyond login and logout,
 * Metadata, Bulk API 1.0, Analytics, Apex REST, Chatter, Streaming and Tooling (none of them keeps records in step),
 * search, tabs, themes, layouts, quick actions, processes and approvals (screens and automation of an org), and the
 * sign-in of Canvas apps.
 */
export const apiVersion = '62.0';

/** Not signed in, but uses the org's URL as its My Domain; `more` replaces parts of the configuration. */
export const unsigned = ({ url }: TestOrg, more: ConnectionConfig = {}): Connection =>
  new Connection({ loginUrl: url, instanceUrl: url, version: apiVersion, ...more });

/** Signed in as the demo user with the test org's cached token, under a client name. */
export const connect = async (org: TestOrg, more: ConnectionConfig = {}): Promise<Connection> =>
  unsigned(org, { accessToken: await org.token('demo'), callOptions: { client: 'jsforce-test' }, ...more });

/** The web app's OAuth2 configuration. */
export function webApp({ url, credentials }: TestOrg) {
  const { clientId, clientSecret, redirectUris } = credentials.web;
  const [redirectUri] = redirectUris;
  assert(redirectUri !== undefined, 'the web app has an address');
  return { loginUrl: url, clientId, clientSecret, redirectUri };
}

/** An app's client credentials. */
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

/** The error that jsforce throws for a refusal. */
export interface Refusal extends Error {
  errorCode: string;
  data: unknown;
}

/** Waits for work that must be refused, and returns the error. */
export async function refusalOf(work: PromiseLike<unknown>): Promise<Refusal> {
  const outcome = await Promise.resolve(work).then(
    () => undefined,
    (error: unknown) => error as Refusal,
  );
  assert(outcome !== undefined, 'this is refused');
  return outcome;
}
