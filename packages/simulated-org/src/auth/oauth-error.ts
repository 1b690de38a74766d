/**
 * How the OAuth endpoints refuse: 400 with a code and a description, instead of the REST API's array. A text used in
 * more than one place is defined once, here.
 */
export class OAuthError extends Error {
  override readonly name = 'OAuthError';
  readonly code: string;
  readonly description: string;

  constructor(code: string, description: string) {
    super(code);
    this.code = code;
    this.description = description;
  }
}

export const invalidGrant = (description: string) => new OAuthError('invalid_grant', description);

export const invalidRequest = (description: string) => new OAuthError('invalid_request', description);

export const unknownClient = () => new OAuthError('invalid_client_id', 'client identifier invalid');

export const wrongSecret = () => new OAuthError('invalid_client', 'invalid client credentials');

export const scopeNotAllowed = () => new OAuthError('invalid_scope', 'the requested scope is not allowed');

export const redirectMismatch = () =>
  new OAuthError('redirect_uri_mismatch', 'redirect_uri must match configuration');

export const redirectMissing = () => new OAuthError('redirect_uri_missing', 'redirect_uri not provided');

export const deadToken = () => invalidGrant('expired access/refresh token');

export const inactiveUser = () => invalidGrant('inactive user');

export const notApproved = () => invalidGrant("user hasn't approved this consumer");

export const notAdminApproved = 'user is not admin approved to access this app';

export const authenticationFailure = () => invalidGrant('authentication failure');

export const deniedByUser = () => new OAuthError('access_denied', 'end-user denied authorization');

export const unknownResponseType = () =>
  new OAuthError('unsupported_response_type', 'response type not supported');
