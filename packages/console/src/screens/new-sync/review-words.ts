/** Words of the last step. */
import { counted, formatPercent } from '../../words/format.ts';

export const review = {
  called: 'Name',
  name: 'Name of the sync',
  nameHint: 'Commands and addresses use it: letters, digits, spaces and . _ -',
  noName: 'Enter a name.',
  answers: 'Your answers',
  change: (what: string) => `Change: ${what}`,
  changeShort: 'Change',
  org: 'Org',
  signIn: 'Signs in by',
  objects: 'Objects',
  leftOut: 'Fields left out',
  pace: 'Cost',
  freshness: 'Freshness',
  firstCopy: 'Backfill',
  destination: 'Tables',
  private: 'A private database',
  paceSays: (seconds: number, perDay: string, share: number | null, stopAt: string) =>
    `${perDay} requests a day at most, one every ${seconds} s${
      share === null ? '' : `: ${formatPercent(share)} of what the org allows`
    }. Stops while the org has used ${stopAt} %.`,
  tables: (objects: number, columns: number) =>
    `${counted(objects, 'table')} with ${counted(columns, 'column')} will be made.`,
  verdict: 'Last check',
  verdictSays: 'Everything is tried once more, without making anything.',
  ready: 'All of it will do.',
  file: 'Show as file',
  fileSays: 'The same sync for the command line. Secrets stand in files of their own.',
  fileLabel: 'The sync as a file',
  start: 'Start the sync',
  starting: 'Making the sync',
  progress: (step: string, done: number, of: number) => (of === 0 ? step : `${step}: ${done} of ${of}`),
  started: (name: string) => `${name} is made. Its backfill begins.`,
  startAgain: 'Try again',
} as const;
