import { assert } from '@lockstep/foundation/assert';
import type { OrgAnswer, TestOrg } from './org.ts';

/** Signs in to a simulated org as programs and browsers do. */
export type Form = Readonly<Record<string, string>>;

/** Sends a form, without a token. */
export const postForm = (
  org: TestOrg,
  path: string,
  form: Form | string,
  headers: Record<string, string> = {},
): Promise<OrgAnswer> =>
  org.request('POST', path, {
    token: null,
    body: typeof form === 'string' ? form : new URLSearchParams(form).toString(),
    headers: { 'Content-Type': 'application/x-www-form-urlencoded', ...headers },
  });

export interface TokenAnswer {
  status: number;
  body: Record<string, string>;
}

/** One request to the token endpoint, answered as JSON. */
export async function requestToken(
  org: TestOrg,
  form: Form | string,
  headers: Record<string, string> = {},
): Promise<TokenAnswer> {
  const { status, json } = await postForm(org, '/services/oauth2/token', form, headers);
  return { status, body: json as Record<string, string> };
}

/** The status of an API request with this token. */
export const apiStatus = async (org: TestOrg, token: string | undefined): Promise<number> =>
  (await org.request('GET', '/services/data/v62.0/limits', { token: token ?? null })).status;

export interface Page {
  status: number;
  headers: Headers;
  html: string;
  /** Where it redirects the browser; the tests do not follow it. */
  location: URL | undefined;
}

const authorizePath = '/services/oauth2/authorize';

/** A browser that keeps the login page's cookie. */
export class Browser {
  readonly #org: TestOrg;
  #cookie = '';

  constructor(org: TestOrg) {
    this.#org = org;
  }

  /** Begins authorization; the parameters say what the app asks for. */
  begin(parameters: Form | string): Promise<Page> {
    const query = typeof parameters === 'string' ? parameters : new URLSearchParams(parameters).toString();
    return this.#send(`${authorizePath}?${query}`, {});
  }

  /** Enters the code that a device shows. */
  connect(userCode: string): Promise<Page> {
    return this.#send(`/setup/connect?${new URLSearchParams({ user_code: userCode }).toString()}`, {});
  }

  /** Sends the form of a page with these fields filled in. */
  submit(page: Page, fields: Form): Promise<Page> {
    const body = new URLSearchParams({ request: keyOf(page), ...fields });
    return this.#send(authorizePath, { method: 'POST', body });
  }

  async #send(path: string, init: RequestInit): Promise<Page> {
    const headers = this.#cookie ? { Cookie: this.#cookie } : {};
    const answer = await fetch(`${this.#org.url}${path}`, { ...init, headers, redirect: 'manual' });
    this.#cookie = answer.headers.get('set-cookie')?.split(';')[0] ?? this.#cookie;
    const location = answer.headers.get('location');
    return {
      status: answer.status,
      headers: answer.headers,
      html: await answer.text(),
      location: location === null ? undefined : new URL(location),
    };
  }
}

const keyOf = ({ html }: Page): string => /name="request" value="([^"]*)"/.exec(html)?.[1] ?? '';

/** The web app's request for a code; `change` replaces parts of it. */
export function authorization({ credentials }: TestOrg, change: Form = {}): Form {
  const { clientId, redirectUris } = credentials.web;
  const [redirectUri] = redirectUris;
  assert(redirectUri !== undefined, 'the web app has an address');
  return { response_type: 'code', client_id: clientId, redirect_uri: redirectUri, ...change };
}

/** Logs in as the demo user and decides; returns the parameters that the app receives. */
export async function decide(
  org: TestOrg,
  parameters: Form,
  decision: 'allow' | 'deny',
): Promise<URLSearchParams> {
  const browser = new Browser(org);
  const { username, password } = org.credentials.demo;
  const login = await browser.begin(parameters);
  const consent = await browser.submit(login, { username, password });
  const { location } = await browser.submit(consent, { decision });
  assert(location !== undefined, 'a decision sends the browser back to the app');
  return location.searchParams;
}

export const codeOf = async (org: TestOrg, parameters: Form = authorization(org)): Promise<string> =>
  (await decide(org, parameters, 'allow')).get('code') ?? '';

/** The web app's exchange of a code; `change` replaces parts of it. */
export function exchange({ credentials }: TestOrg, code: string, change: Form = {}): Form {
  const { clientId, clientSecret, redirectUris } = credentials.web;
  return {
    grant_type: 'authorization_code',
    code,
    client_id: clientId,
    client_secret: clientSecret,
    redirect_uri: redirectUris[0] ?? '',
    ...change,
  };
}

/** The demo user's tokens for the web app, through the whole flow. */
export async function webTokens(org: TestOrg, change: Form = {}): Promise<Record<string, string>> {
  const { status, body } = await requestToken(
    org,
    exchange(org, await codeOf(org, authorization(org, change))),
  );
  assert(status === 200, 'the web app gets its tokens');
  return body;
}

/** A refresh token of the web app, as a person gives it to the API. */
export async function pastedToken(org: TestOrg) {
  const { clientId, clientSecret } = org.credentials.web;
  const { refresh_token } = await webTokens(org, { scope: 'api refresh_token' });
  return { flow: 'refresh token', client_id: clientId, client_secret: clientSecret, refresh_token };
}

/** Until it is disposed of, each use of a refresh token of the web app replaces the token. */
export async function rotateTokens(org: TestOrg): Promise<AsyncDisposable> {
  const { clientId } = org.credentials.web;
  const turn = (on: boolean) => org.control('/signIn/rotation', { clientId, on });
  await turn(true);
  return { [Symbol.asyncDispose]: async () => void (await turn(false)) };
}

/** The web app's use of a refresh token. */
export function refreshing({ credentials }: TestOrg, token: string | undefined, change: Form = {}): Form {
  const { clientId, clientSecret } = credentials.web;
  return {
    grant_type: 'refresh_token',
    client_id: clientId,
    client_secret: clientSecret,
    refresh_token: token ?? '',
    ...change,
  };
}
