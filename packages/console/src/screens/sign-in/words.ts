/** Words of the sign-in page. */
export const words = {
  title: 'Sign in',
  password: 'Password',
  submit: 'Sign in',
  missing: 'Enter the password.',
  noCookie: (origin: string) =>
    `Your browser did not keep the sign-in cookie. Open the console under the same address that Lockstep shows at start: ${origin}.`,
  lost: 'Lost the password?',
  lostSays: 'Only somebody on the server itself can set another one:',
  lostLabel: 'The command that sets another password',
  first: 'No administrator yet? Open the link that the server has printed at its start, or',
  setUp: 'set up Lockstep',
} as const;
