/** How a sync signs in to Salesforce: what its owner gives, and what is shown of it. */
import { z } from 'zod';

const secret = z.string().min(1).max(10_000);
const clientId = z.string().min(1).max(1_000).describe('The consumer key of the app.');

export const newCredentialSchema = z
  .discriminatedUnion('flow', [
    z.strictObject({ flow: z.literal('client credentials'), client_id: clientId, client_secret: secret }),
    z.strictObject({
      flow: z.literal('jwt bearer'),
      client_id: clientId,
      username: z.string().min(1).max(200).describe('Of the user to act as.'),
      private_key: secret.describe('RSA, in PEM, without a passphrase. The app has its certificate.'),
    }),
    z.strictObject({
      flow: z.literal('refresh token'),
      client_id: clientId,
      client_secret: secret.optional().describe('If the app requires it.'),
      refresh_token: secret,
    }),
  ])
  .meta({ id: 'NewCredential' })
  .describe('Is sealed, and never shown again.');

export const loginUrlSchema = z
  .url({ protocol: /^https?$/ })
  .describe(
    "The org's My Domain address. For a flow other than client credentials also https://login.salesforce.com, and https://test.salesforce.com for a sandbox.",
  );

export const reauthSchema = z
  .strictObject({ login_url: loginUrlSchema.optional(), credential: newCredentialSchema })
  .meta({ id: 'ReplaceCredential' });
