/** Words of the set-up page. */
export const words = {
  title: 'Set up Lockstep',
  token: 'Set-up token',
  tokenHint:
    'The server has printed it at its start, or written it to the file setup-token in its data directory.',
  password: 'Choose a password',
  passwordHint: '12 characters or more. A long phrase is fine. Nothing else is required.',
  email: 'Your e-mail for notices (optional)',
  submit: 'Create administrator',
  already: 'There is an administrator already?',
  signIn: 'Sign in',
} as const;
