/** Words of the set-up page. */
export const words = {
  title: 'Set up Lockstep',
  intro: 'You become its administrator. There is one; it signs in with the password that you choose here.',
  token: 'Set-up token',
  tokenHint:
    'The server has printed it at its start, or written it to the file setup-token in its data directory.',
  tokenMissing: 'Enter the set-up token.',
  password: 'Choose a password',
  passwordHint: '12 characters or more. A long phrase is fine. Nothing else is required.',
  passwordShort: (count: number) => `The password has ${count} of the 12 characters that it needs.`,
  submit: 'Create administrator',
  finishedTitle: 'Lockstep is set up',
  finished: 'There is an administrator already. The link of the first start works once.',
  signIn: 'Sign in',
} as const;
