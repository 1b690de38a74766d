/**
 * The states of a sync and of its objects: all that there are, each with the one word by which console, command line
 * and API call it. A family has one colour and one sign.
 */

export const families = ['good', 'working', 'waiting', 'gaps', 'stopped', 'resting'] as const;
export type Family = (typeof families)[number];

interface StateEntry {
  word: string;
  family: Family;
}

export const syncStates = {
  starting: { word: 'Starting', family: 'working' },
  backfilling: { word: 'Backfill', family: 'working' },
  live: { word: 'Live', family: 'good' },
  catching_up: { word: 'Catching up', family: 'working' },
  partly: { word: 'Partly working', family: 'gaps' },
  quota_wait: { word: 'Waiting for API quota', family: 'waiting' },
  salesforce_unreachable: { word: 'Salesforce not answering', family: 'waiting' },
  database_unreachable: { word: 'Database not answering', family: 'waiting' },
  needs_reauth: { word: 'Sign-in needed', family: 'stopped' },
  needs_decision: { word: 'Your decision needed', family: 'stopped' },
  locked: { word: 'Locked', family: 'stopped' },
  // No process runs it: nothing else that is known about it is up to date.
  not_running: { word: 'Not running', family: 'stopped' },
  paused: { word: 'Paused', family: 'resting' },
  deleting: { word: 'Deleting', family: 'working' },
} as const satisfies Record<string, StateEntry>;
export type SyncState = keyof typeof syncStates;
export const syncStateNames = Object.keys(syncStates) as [SyncState, ...SyncState[]];

export const objectStates = {
  queued: { word: 'Queued', family: 'resting' },
  backfilling: { word: 'Backfill', family: 'working' },
  current: { word: 'Current', family: 'good' },
  behind: { word: 'Behind', family: 'working' },
  columns: { word: 'Filling new columns', family: 'working' },
  limited: { word: 'With gaps', family: 'gaps' },
  rows_missing: { word: 'Rows missing', family: 'stopped' },
  stopped: { word: 'Stopped', family: 'stopped' },
  paused: { word: 'Paused', family: 'resting' },
} as const satisfies Record<string, StateEntry>;
export type ObjectState = keyof typeof objectStates;
export const objectStateNames = Object.keys(objectStates) as [ObjectState, ...ObjectState[]];

const readingStates: ReadonlySet<SyncState> = new Set([
  'starting',
  'backfilling',
  'live',
  'catching_up',
  'partly',
]);

/** Salesforce is read, as far as it can be. */
export const isReading = (state: SyncState): boolean => readingStates.has(state);
