/** Words of the error catalogue and of the page of one of its entries. */
export const words = {
  all: 'Errors',
  list: 'All codes',
  intro:
    'Codes never change, and each stands for one error, here as in the log, the API and the command line.',
  code: 'Code',
  title: 'Error',
  kind: 'Kind',
  kinds: { transient: 'Passes by itself', permanent: 'Will not work', 'needs-person': 'Needs somebody' },
  kindSays: {
    transient: 'Lockstep tries again by itself.',
    permanent: 'The same request will never work.',
    'needs-person': 'It stays until somebody does something.',
  },
  noCode: (code: string) => `There is no code ${code}`,
  noCodeSays: 'The address is wrong, or the code is of another version of Lockstep.',
  meaning: 'What it means',
  next: 'What to do',
  nothing: 'Nothing.',
  braces: 'Names in braces are filled in where the error occurs.',
} as const;
