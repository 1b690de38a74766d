import { z } from 'zod';
import { registerApp, setRotation } from '../auth/apps.ts';
import { setPassword } from '../auth/passwords.ts';
import { randomSecret } from '../auth/secrets.ts';
import { expireAccessTokens, revokeGrant } from '../auth/tokens.ts';
import type { Org } from '../org.ts';
import { type EndpointGroup, endpoint, userIdOf } from './control-endpoint.ts';
import { ControlError } from './control-error.ts';
import { fault } from './fault.ts';
import { userName } from './named-in-requests.ts';

/** Who may sign in, by which app, and what happens to the tokens. */
const tokenChoice = z.strictObject({
  user: userName.optional(),
  clientId: z.string().optional().describe('Only those issued to this app.'),
});

const choiceOf = (org: Org, { user, clientId }: z.output<typeof tokenChoice>) => ({
  userId: user === undefined ? undefined : userIdOf(org, user),
  clientId,
});

const instanceUrlBody = z.strictObject({
  url: z.string().describe('Any text.'),
  times: z
    .int()
    .min(1)
    .nullable()
    .default(1)
    .describe('How many answers of the token endpoint, refusals included; null: until the fault is deleted.'),
});

const giveInstanceUrl = ({ control }: Org, { url, times }: z.output<typeof instanceUrlBody>) =>
  control.faults.arm(
    fault.parse({
      match: { path: '/services/oauth2/token' },
      times,
      effect: { rows: { replace: { instance_url: url } } },
    }),
  );

const appBody = z.strictObject({
  clientId: z.string(),
  clientSecret: z.string().min(1).optional().describe('Left out for an app that cannot keep a secret.'),
  name: z.string().optional(),
  flows: z
    .array(z.enum(['authorization_code', 'device', 'password', 'jwt_bearer', 'client_credentials']))
    .min(1),
  redirectUris: z.array(z.string()).optional(),
  scopes: z.array(z.string()).default(['api', 'refresh_token']),
  rotation: z.boolean().optional().describe('Each refresh gives a new refresh token.'),
  certificatePem: z.string().optional().describe('For JWT bearer.'),
  runAs: userName.optional().describe('The user of client credentials.'),
  approvedUsers: z
    .array(userName)
    .optional()
    .describe('Users who are not asked for approval; left out, each user is asked.'),
});

const register = (org: Org, { runAs, approvedUsers, ...app }: z.output<typeof appBody>) =>
  registerApp(org, {
    ...app,
    runAsUserId: runAs === undefined ? undefined : userIdOf(org, runAs),
    approvedUserIds: approvedUsers?.map((user) => userIdOf(org, user)),
  });

const passwordBody = z.strictObject({ user: userName, password: z.string().min(1).optional() });

async function givePassword(org: Org, { user, password = randomSecret() }: z.output<typeof passwordBody>) {
  return { password, securityToken: await setPassword(org, userIdOf(org, user), password) };
}

export const signInEndpoints: EndpointGroup = {
  title: 'Sign-in',
  about: 'A restart keeps apps, passwords and tokens, but not a wrong instance_url.',
  endpoints: [
    endpoint({
      path: '/signIn/expireTokens',
      does: 'Expires access tokens, all or some: INVALID_SESSION_ID from now on. Refresh tokens stay valid.',
      body: tokenChoice,
      example: { user: 'integration' },
      run: async (org, body) => ({ expired: await expireAccessTokens(org, choiceOf(org, body)) }),
    }),
    endpoint({
      path: '/signIn/revoke',
      does: 'Revokes what users allowed: all their tokens end, and a refresh answers invalid_grant.',
      body: tokenChoice,
      example: { user: 'demo' },
      run: async (org, body) => ({ revoked: await revokeGrant(org, choiceOf(org, body)) }),
    }),
    endpoint({
      path: '/signIn/rotation',
      does: 'Sets whether each refresh replaces the refresh token. Using a replaced one again then ends all tokens of its sign-in.',
      body: z.strictObject({ clientId: z.string(), on: z.boolean() }),
      example: { clientId: 'my-app', on: true },
      async run(org, { clientId, on }) {
        if (!(await setRotation(org, clientId, on)))
          throw new ControlError(404, `there is no app ${JSON.stringify(clientId)}`);
      },
    }),
    endpoint({
      path: '/signIn/instanceUrl',
      does: 'Makes the next token answers give another instance_url.',
      body: instanceUrlBody,
      example: { url: 'http://169.254.169.254/' },
      run: giveInstanceUrl,
    }),
    endpoint({
      path: '/signIn/app',
      does: 'Registers or replaces a connected app: its flows, scopes, redirect URIs, certificate.',
      body: appBody,
      example: {
        clientId: 'my-app',
        clientSecret: 'a secret',
        flows: ['authorization_code'],
        redirectUris: ['http://127.0.0.1:9000/callback'],
        scopes: ['api', 'refresh_token', 'openid'],
      },
      run: register,
    }),
    endpoint({
      path: '/signIn/password',
      does: "Sets a user's password, and returns it with the new security token.",
      body: passwordBody,
      example: { user: 'demo' },
      run: givePassword,
    }),
  ],
};
