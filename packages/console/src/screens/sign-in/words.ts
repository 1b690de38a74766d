/** Words of the sign-in page. */
export const words = {
  title: 'Sign in',
  byLink: 'Opening the demo',
  byLinkSays: 'The link is being used to sign you in.',
  demoTitle: 'Open the demo by its link',
  linkPlace: 'It stands in the terminal in which you have started the demo, as a line such as',
  linkFile: 'If nobody sees what the demo prints, it is in the file sign-in-link of its data directory.',
  haveOpened: 'I have opened it: try again',
  password: 'Password',
  submit: 'Sign in',
  missing: 'Enter the password.',
  noCookie: (origin: string) =>
    `Your browser did not keep the sign-in cookie. Open the console under the same address that Lockstep shows at start: ${origin}.`,
  lost: 'Lost the password?',
  lostSays: 'Only somebody on the server itself can set another one:',
  lostLabel: 'The command that sets another password',
} as const;
