import { scopeNotAllowed } from './oauth-error.ts';

/** What a token may do, by Salesforce's names. */
export type Scopes = readonly string[];

/** `offline_access` is OpenID's name for the same scope. */
const refreshing = ['refresh_token', 'offline_access'];

export const givesRefreshToken = (scopes: Scopes): boolean => scopes.some((one) => refreshing.includes(one));

export const withoutRefreshToken = (scopes: Scopes): Scopes =>
  scopes.filter((one) => !refreshing.includes(one));

/** Whether a token with these scopes can use the REST API. */
export const opensRest = (scopes: Scopes): boolean => scopes.includes('api') || scopes.includes('full');

/**
 * The scopes of a sign-in: those requested, or all of the app's.
 *
 * @throws {@link OAuthError} for one that the app does not have. `full` stands for every scope but a refresh token.
 */
export function grantedScopes(appScopes: Scopes, asked: string | null): Scopes {
  const names = [...new Set((asked ?? '').split(/\s+/).filter(Boolean))];
  if (names.length === 0) return appScopes;
  for (const name of names) {
    const isRefresh = refreshing.includes(name);
    const isHeld = isRefresh
      ? givesRefreshToken(appScopes)
      : appScopes.includes(name) || (appScopes.includes('full') && /^[a-z_]+$/.test(name));
    if (!isHeld) throw scopeNotAllowed();
  }
  return names;
}
