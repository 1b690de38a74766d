/** How a sync signs in to Salesforce: the OAuth flow, and what the flow needs. */
export type Credential =
  | { flow: 'client credentials'; clientId: string; clientSecret: string }
  /** RFC 7523. The key is PKCS #8 in PEM; the app in Salesforce has its certificate. */
  | { flow: 'jwt bearer'; clientId: string; username: string; privateKey: string }
  /** Also what signing in in a browser leaves. An app need not have a secret. */
  | { flow: 'refresh token'; clientId: string; clientSecret: string | null; refreshToken: string };

export type Flow = Credential['flow'];
