/** Which of the six families a state belongs to. The words of states are the API's own. */

export type Family = 'good' | 'working' | 'waiting' | 'gaps' | 'stopped' | 'resting';

/** By the beginning of the word: a word may end in a code, as in `Waiting: NET-01`. */
const families: readonly (readonly [string, Family])[] = [
  ['Running, with', 'gaps'],
  ['Running', 'good'],
  ['Current', 'good'],
  ['Unproven', 'good'],
  ['Backfill', 'working'],
  ['Fields changing', 'working'],
  ['Deleting', 'working'],
  ['Recopying', 'working'],
  ['Waiting', 'waiting'],
  ['Falling behind', 'waiting'],
  ['Behind', 'waiting'],
  ['Failing', 'waiting'],
  ['With gaps', 'gaps'],
  ['Fields hidden', 'gaps'],
  ['Needs attention', 'stopped'],
  ['Your decision is needed', 'stopped'],
  ['Sign-in needed', 'stopped'],
  ['Rows missing', 'stopped'],
  ['Stopped', 'stopped'],
  ['Locked', 'stopped'],
  ['Unreadable', 'stopped'],
  ['Not running', 'stopped'],
  ['Paused', 'resting'],
  ['Queued', 'resting'],
];

/** @param word  `state_word` of a sync or an object */
export const familyOf = (word: string): Family =>
  families.find(([beginning]) => word.startsWith(beginning))?.[1] ?? 'resting';
