/** Words of the step that connects an org: what to answer, and how the app is made in Salesforce. */
import type { Flow, Place } from './draft.ts';

/** Pages and boxes are written as Salesforce labels them. */
const app = [
  'Setup > External Client App Manager > New External Client App.',
  'Basic Information: a name, such as Lockstep, and an e-mail address. Distribution State: Local.',
  'API (Enable OAuth Settings): tick Enable OAuth. Callback URL: the one below.',
  'OAuth Scopes: Manage user data via APIs (api) and Perform requests at any time (refresh_token, offline_access). No others.',
];
const keyAndSecret =
  'Create. Then the app’s Settings tab > OAuth Settings > Consumer Key and Secret: copy both into the fields here. A new app works after some minutes.';

export const appSteps: Record<Flow, readonly string[]> = {
  'web server': [
    ...app,
    'Security: tick Require Proof Key for Code Exchange (PKCE), and Enable Refresh Token Rotation.',
    keyAndSecret,
    'The app’s Policies tab > Edit > Refresh Token Policy: Refresh token is valid until revoked.',
  ],
  'jwt bearer': [
    ...app,
    'Flow Enablement: tick Enable JWT Bearer Flow, then Upload Files: the certificate of the key pair.',
    keyAndSecret,
    'The app’s Policies tab > Edit > Permitted Users: Admin approved users are pre-authorized. Then choose the permission set of the user.',
  ],
  'client credentials': [
    ...app,
    'Flow Enablement: tick Enable Client Credentials Flow.',
    keyAndSecret,
    'The app’s Policies tab > Edit: tick Enable Client Credentials Flow once more, and enter the user at Run As (Username).',
  ],
  'refresh token': [
    'Setup > External Client App Manager, the app > Settings > OAuth Settings: the scopes api and refresh_token, offline_access.',
    'Its Policies tab > Edit > Refresh Token Policy: Refresh token is valid until revoked.',
    'The token is what the other program has stored. Salesforce shows it nowhere; from the Salesforce CLI: sf org auth show-sfdx-auth-url --target-org ORG.',
  ],
};

export const connect = {
  where: 'Where is the org?',
  places: {
    'my domain': { label: 'My Domain', hint: 'The org’s own address. Works with each way to sign in.' },
    production: { label: 'Production', hint: 'login.salesforce.com' },
    sandbox: { label: 'Sandbox', hint: 'test.salesforce.com' },
  } satisfies Record<Place, object>,
  domain: 'Address of the org',
  domainHint: 'Its name, such as acme, or the whole address from Setup > My Domain > Current My Domain URL.',
  willAsk: (url: string) => `Lockstep will sign in at ${url}`,
  needsMyDomain: 'Needs My Domain as the org’s address.',
  how: 'How does Lockstep sign in?',
  flows: {
    'web server': {
      label: 'Sign in with Salesforce',
      hint: 'Recommended for trying: opens Salesforce. Lockstep keeps a refresh token, never your password.',
    },
    'jwt bearer': {
      label: 'JWT bearer',
      hint: 'Recommended for servers: a key pair, and no token that expires or is revoked.',
    },
    'client credentials': {
      label: 'Client credentials',
      hint: 'Consumer key and secret. Runs as the user that is set in the app.',
    },
    'refresh token': {
      label: 'A refresh token that you have',
      hint: 'For moving from another program.',
    },
  } satisfies Record<Flow, object>,
  noReturn: (origin: string) =>
    `Salesforce will not return to ${origin}. Open the console by https or as localhost, or take another way.`,
  guide: 'Create the app in Salesforce (4 min)',
  guideToken: 'What the app needs, and where the token is',
  callback: 'Callback URL',
  callbackLabel: 'The callback URL of the app',
  clientId: 'Consumer key',
  clientSecret: 'Consumer secret',
  secretIfAny: 'If the app requires it.',
  username: 'User name',
  usernameHint:
    'Of the user to act as: the user name, not the e-mail address. In a sandbox it ends in .SANDBOX.',
  refreshToken: 'Refresh token',
  key: 'Private key',
  keyFrom: {
    'made here': { label: 'Make a key pair here', hint: 'The private key stays in Lockstep, sealed.' },
    pasted: { label: 'A key of your own', hint: 'RSA, in PEM, without a passphrase.' },
  },
  keyPair: 'Key pair',
  newKeyName: 'Name of a new key pair',
  makeKey: 'Make a key pair',
  aNewKey: 'A new key pair',
  certificate: 'The certificate, for the app in Salesforce',
  certificateSays:
    'Save it as lockstep.crt and upload it: the app’s Settings tab > OAuth Settings > Edit > Flow Enablement > Enable JWT Bearer Flow > Upload Files.',
  download: 'Download lockstep.crt',
  privateKey: 'Private key in PEM',
  test: 'Test sign-in',
  signIn: 'Sign in at Salesforce',
  signInAgain: 'Start again',
  waiting: 'Waiting for Salesforce in the other window. You can close it to cancel.',
  noWindow: 'If no window has opened, open it here:',
  open: 'Open Salesforce',
  signedIn: 'Signed in at Salesforce.',
  checkingOrg: 'Signing in, and asking what the user may do.',
  missing: {
    domain: 'Enter the address of the org.',
    clientId: 'Enter the consumer key.',
    clientSecret: 'Enter the consumer secret.',
    username: 'Enter the user name.',
    keyName: 'Make a key pair, or choose one.',
    privateKey: 'Enter the private key.',
    refreshToken: 'Enter the refresh token.',
  },
} as const;
