/** How a sync signs in to Salesforce: what its owner gives, and what is shown of it. */
import { z } from 'zod';
import { givenName } from '../core/given-names.ts';

const secret = z.string().min(1).max(10_000);
const clientId = z.string().min(1).max(1_000).describe('The consumer key of the app.');
const time = z.iso.datetime().nullable();

export const newCredentialSchema = z
  .discriminatedUnion('flow', [
    z.strictObject({ flow: z.literal('client credentials'), client_id: clientId, client_secret: secret }),
    z
      .strictObject({
        flow: z.literal('jwt bearer'),
        client_id: clientId,
        username: z.string().min(1).max(200).describe('Of the user to act as.'),
        private_key: secret.optional().describe('RSA, in PEM, without a passphrase.'),
        key: z.string().max(80).optional().describe('Or the name of a key pair that was made here.'),
      })
      .describe('The app in Salesforce has the certificate of the key.'),
    z.strictObject({
      flow: z.literal('refresh token'),
      client_id: clientId,
      client_secret: secret.optional().describe('If the app requires it.'),
      refresh_token: secret,
    }),
    z.strictObject({
      flow: z.literal('web server'),
      sign_in: z.string().min(1).max(100).describe('The id of a sign-in that is done.'),
    }),
  ])
  .meta({ id: 'NewCredential' })
  .describe('Is sealed, and never shown again.');

/** The rest of a pasted address may contain what nobody should store: a session id, a password. */
const originOf = (url: string): string => URL.parse(url)?.origin ?? url;

export const loginUrlSchema = z
  .url({ protocol: /^https?$/ })
  .overwrite(originOf)
  .describe(
    "The org's My Domain address. For a flow other than client credentials also https://login.salesforce.com, and https://test.salesforce.com for a sandbox.",
  );

export const replaceCredentialSchema = z
  .strictObject({
    login_url: loginUrlSchema.optional().describe('Only if it is another one.'),
    credential: newCredentialSchema,
  })
  .meta({ id: 'ReplaceCredential' });

export const newSignInSchema = z
  .strictObject({
    login_url: loginUrlSchema,
    client_id: clientId,
    client_secret: secret.optional().describe('If the app requires it.'),
  })
  .meta({ id: 'NewOrgSignIn' });

export const signInSchema = z
  .object({
    id: z.string(),
    login_url: z.string(),
    state: z
      .enum(['waiting', 'done', 'failed'])
      .describe('done: use it as the credential of a sync within the hour.'),
    org_id: z.string().nullable(),
    instance_url: z.string().nullable(),
    fault: z.object({ code: z.string(), says: z.string(), next: z.string() }).nullable(),
    expires_at: time,
  })
  .meta({ id: 'OrgSignIn' });

export const signInOnceSchema = signInSchema
  .extend({
    start_url: z
      .string()
      .describe('To be opened in a browser, once, within ten minutes: it leads to Salesforce and back.'),
    redirect_uri: z.string().describe('The callback address that the app in Salesforce must list.'),
  })
  .meta({ id: 'OrgSignInOnce' });

export const newJwtKeySchema = z
  .strictObject({ name: z.string().regex(givenName, 'up to 60 letters, digits, spaces and . _ -') })
  .meta({ id: 'NewJwtKey' });

export const jwtKeySchema = z
  .object({
    name: z.string(),
    certificate: z.string().describe('PEM, for the app in Salesforce.'),
    created_at: time,
    expires_at: time,
  })
  .meta({ id: 'JwtKey' });

export const recopySyncSchema = z
  .strictObject({
    login_url: loginUrlSchema.optional().describe('Only if it is another one.'),
    credential: newCredentialSchema.optional().describe('Only if the own one does not work any more.'),
  })
  .meta({ id: 'RecopySync' });

export const recopySchema = z
  .object({
    old_org_id: z.string(),
    org_id: z.string(),
    instance_url: z.string(),
    erases: z.array(z.string()),
    keeps: z.array(z.string()),
    skipped: z
      .array(z.object({ object: z.string(), reason: z.string() }))
      .describe('Objects that cannot be read in the new org: their tables stay empty.'),
  })
  .meta({ id: 'Recopy' });
