import type { SyncRequest } from 'lockstep/engine/testing';

/** The load of a run, and how much goes wrong in it. Times are relative to the run, in milliseconds unless noted. */
export interface Profile {
  sobjects: readonly string[];
  recordsEach: number;
  pageRows: number;
  /** When the sync begins; the org is busy before that. */
  startAt: number;
  /** When writes stop. */
  quietAt: number;
  /** From when nothing goes wrong any more. */
  calmAt: number;
  /** When the recheck reaches what was written during the run. */
  settlingAt: number;
  /** When everything must be in the mirror. */
  endAt: number;
  /** Poll intervals: under load, after it, and while the recheck reads what the load wrote. */
  intervalMs: number;
  quietIntervalMs: number;
  settlingIntervalMs: number;
  databaseMs: number;
  /** Longest pause between two transactions of outsiders, and between two proxied writes. */
  outsideEveryMs: number;
  clientEveryMs: number;
  /** How long after the start of the sync clients begin to write. */
  clientsWaitMs: number;
  /** Longest pause between two sync requests, and their kinds. */
  syncRequestsEveryMs: number;
  syncRequests: readonly SyncRequest['kind'][];
  /** Shares of the outsiders' transactions; the rest are plain updates. */
  bulkShare: number;
  longShare: number;
  createShare: number;
  deleteShare: number;
  undeleteShare: number;
  formulaShare: number;
  /** Share of plain updates that leave a value that does not fit its column. */
  misfitShare: number;
  /** Records that are hidden from the sync, or shown again; deleted ones that leave the recycle bin. */
  hideShare: number;
  purgeShare: number;
  /** Most records of an sobject are hidden at once; all are restamped; none may be read for a while. */
  hideMostShare: number;
  restampShare: number;
  forbidShare: number;
  /** Share of long transactions that delete. */
  longDeleteShare: number;
  longestMs: number;
  jitterSeconds: number;
  /** Shares of requests, answers, queries and calls. */
  slowShare: number;
  /** Shortest and longest of the slow ones. */
  slowMs: readonly [number, number];
  lostShare: number;
  tornShare: number;
  refusedShare: number;
  keptBackShare: number;
  /** Every answer is cut to a random number of rows between these; not cut if null. */
  cutRows: readonly [number, number] | null;
  brokenShare: number;
  /** Answers that name a record twice, or have their records in any order. */
  doubledShare: number;
  shuffledShare: number;
  /** Answers to a query for the newest changes that end too early; answers to a sweep that leave records out. */
  shortShare: number;
  thinnedShare: number;
  /** Answers of a lagging replica: to read-backs, by so much that it can be detected; and to any other query. */
  staleReadBackShare: number;
  staleShare: number;
  /** The org refuses to count while things go wrong. */
  refusesCounts: boolean;
  /** After a refused count the object's polls are refused too, as if the sync had stopped it. */
  refusalsSpread: boolean;
  /** Answers whose `Date` is wrong by an hour, a day or a year; never two in a row, unless `wrongDatesComeTwice`. */
  wrongDateShare: number;
  wrongDatesComeTwice: boolean;
  /** Longest pause until the org refuses all requests for a while; never if null. */
  limitEveryMs: number | null;
  /** From when until when the org says that its quota is nearly used up; it reports no usage if null. */
  spentMs: readonly [number, number] | null;
  /** Shortest and longest life of a process; no deaths if null. */
  livesMs: readonly [number, number] | null;
  /** Share of deaths that are only a lost lease: the former holder goes on. */
  takeoverShare: number;
  /** Share of deaths instead of which the local clock jumps ahead by up to an hour. It never goes back. */
  clockJumpShare: number;
  /** How far the clock of a process may be off from its start, either way. */
  clockOffMs: number;
  /** The org's count of an object's records is this many times too high, so that few of them are a large object. */
  countedTimes: number;
  /** From when on the org reports so few requests left that objects of five pages are backfilled by Bulk. */
  fewLeftFrom: number | null;
  /** The tables have the rows of an earlier mirror. */
  isRefill: boolean;
  /** Before 58.0 a job's result pages are not listed: each names the next. */
  apiVersion: '64.0' | '57.0';
  /** Shares of Bulk jobs that come to nothing, and of result pages that arrive damaged. */
  jobFaultShare: number;
  damagedFileShare: number;
  /** How long such a job takes at most. */
  jobLastsMs: number;
  /** Fewest and most records of its result pages. */
  resultRows: readonly [number, number];
  /** Longest pause between two pieces of a result page. */
  pieceMs: number;
  /** Longest pause between two jobs that copy a whole object; no jobs if null. */
  jobEveryMs: number | null;
  /** Treats such a job as a reading that began when its results were ready. */
  jobsCountFromTheirResults: boolean;
  /** Share of changes that send an event. */
  eventShare: number;
  /** Share of pages that are applied once more. */
  repeatShare: number;
  /** The last sync request: read everything once more, a flush, or a comparison of counts. */
  lastSyncRequest: 'verify content' | 'flush' | 'verify counts';
}

const seconds = 1_000;

export const usual: Profile = {
  sobjects: ['Account', 'Contact'],
  recordsEach: 40,
  pageRows: 8,
  startAt: 60 * seconds,
  quietAt: 140 * seconds,
  calmAt: 180 * seconds,
  settlingAt: 1_000 * seconds,
  endAt: 1_200 * seconds,
  intervalMs: 2 * seconds,
  quietIntervalMs: 150 * seconds,
  settlingIntervalMs: 30 * seconds,
  databaseMs: 3,
  outsideEveryMs: 1_000,
  clientEveryMs: 2_000,
  clientsWaitMs: 0,
  syncRequestsEveryMs: 60_000,
  syncRequests: ['flush', 'flush', 'verify ids', 'verify counts', 'verify content'],
  bulkShare: 0.05,
  longShare: 0.04,
  createShare: 0.08,
  deleteShare: 0.08,
  undeleteShare: 0.06,
  formulaShare: 0.05,
  misfitShare: 0,
  hideShare: 0.02,
  purgeShare: 0.03,
  hideMostShare: 0,
  restampShare: 0.01,
  forbidShare: 0,
  longDeleteShare: 0.2,
  longestMs: 300 * seconds,
  jitterSeconds: 0,
  slowShare: 0.15,
  slowMs: [2 * seconds, 15 * seconds],
  lostShare: 0.02,
  tornShare: 0.02,
  refusedShare: 0.01,
  keptBackShare: 0.03,
  cutRows: null,
  brokenShare: 0.003,
  doubledShare: 0.03,
  shuffledShare: 0.03,
  shortShare: 0,
  thinnedShare: 0.05,
  staleReadBackShare: 0.05,
  staleShare: 0,
  refusesCounts: false,
  refusalsSpread: false,
  wrongDateShare: 0,
  wrongDatesComeTwice: false,
  limitEveryMs: null,
  spentMs: null,
  livesMs: null,
  takeoverShare: 0.4,
  clockJumpShare: 0,
  clockOffMs: 3_600 * seconds,
  countedTimes: 1,
  fewLeftFrom: null,
  isRefill: false,
  apiVersion: '64.0',
  jobFaultShare: 0,
  damagedFileShare: 0,
  jobLastsMs: 20 * seconds,
  resultRows: [4, 20],
  pieceMs: 1_000,
  jobEveryMs: null,
  jobsCountFromTheirResults: false,
  eventShare: 0,
  repeatShare: 0.1,
  lastSyncRequest: 'verify content',
};

/** A lagging replica is detected by the time that a write took, which a jumping clock cannot measure. */
const mortal = { livesMs: [3 * seconds, 20 * seconds], clockJumpShare: 0.2, staleReadBackShare: 0 } as const;

/** Few records, which everybody writes concurrently over slow connections to slow databases. */
export const crowded: Profile = {
  ...usual,
  recordsEach: 5,
  pageRows: 4,
  bulkShare: 0,
  longShare: 0.01,
  clientEveryMs: 400,
  outsideEveryMs: 400,
  databaseMs: 300,
  slowShare: 0.5,
  lostShare: 0,
  tornShare: 0,
  refusedShare: 0,
};

/** Records that many clients write, so that their read-backs overlap within the time of an answer. */
export const contested: Profile = {
  ...crowded,
  sobjects: ['Account'],
  recordsEach: 2,
  clientEveryMs: 300,
  outsideEveryMs: 3_000,
  longShare: 0, // its lock would keep everybody else out
  deleteShare: 0,
  undeleteShare: 0.3,
  slowShare: 0,
  databaseMs: 1_000,
};

/** Most records of an sobject are hidden at once, come back, or are decided on by somebody who may be wrong. */
export const hiding: Profile = {
  ...usual,
  hideMostShare: 0.03,
  syncRequestsEveryMs: 15_000,
  syncRequests: ['verify ids', 'verify ids', 'verify ids', 'keep', 'remove', 'flush'],
};

/** Only the deleted log shows what was deleted in a long transaction and purged before the recheck reached it. */
export const purging: Profile = {
  ...usual,
  longShare: 0.1,
  longDeleteShare: 0.5,
  undeleteShare: 0,
  formulaShare: 0,
  hideShare: 0,
  purgeShare: 0.3,
  thinnedShare: 0,
  syncRequestsEveryMs: 20_000,
  syncRequests: ['flush'],
  lastSyncRequest: 'flush',
};

/** The org refuses everything for a while, and then says that its quota is nearly used up. */
const limited: Profile = {
  ...usual,
  limitEveryMs: 40_000,
  spentMs: [110 * seconds, 180 * seconds],
  brokenShare: 0, // a process that reloads its state asks for the time, even if its share is used up
  settlingAt: 1_300 * seconds,
  endAt: 1_400 * seconds,
};

/** Jobs that take minutes copy whole objects over and over, concurrently with everything else. */
export const copying: Profile = {
  ...usual,
  recordsEach: 20,
  pageRows: 6,
  jobEveryMs: 40_000,
  doubledShare: 0.1, // so that marks left by one reading meet the other readings
};

/** Objects are backfilled by Bulk jobs, which take a minute and are replaced if they come to nothing. */
export const bulk: Profile = {
  ...usual,
  pageRows: 4,
  countedTimes: 10,
  quietAt: 200 * seconds,
  calmAt: 240 * seconds,
  intervalMs: 1 * seconds,
  clientsWaitMs: 4 * seconds, // so that the tables of most seeds are empty when the first job is created
  jobFaultShare: 0.4,
  damagedFileShare: 0.1,
  quietIntervalMs: 20 * seconds,
  settlingIntervalMs: 20 * seconds,
  // A job that hangs is given up after an hour.
  settlingAt: 4_700 * seconds,
  endAt: 4_900 * seconds,
};

/** Objects so large that their sweeps and content checks are made by Bulk, too. */
export const bulkChecks: Profile = {
  ...bulk,
  sobjects: ['Account'],
  recordsEach: 110,
  pageRows: 1,
  countedTimes: 1,
  intervalMs: 400,
  outsideEveryMs: 3_000, // pages of one record must keep up
  clientEveryMs: 4_000,
  restampShare: 0,
  bulkShare: 0.01,
  syncRequestsEveryMs: 15 * seconds,
  syncRequests: ['verify ids', 'verify content', 'flush'],
  jobFaultShare: 0.15,
  jobLastsMs: 4 * seconds,
  resultRows: [20, 60],
  pieceMs: 200,
  quietAt: 240 * seconds,
  calmAt: 280 * seconds,
  slowShare: 0.05,
  createShare: 0.02,
  deleteShare: 0.02, // a proxied write of a record that is gone delays the steps of jobs
};

/** Every page is cut at another row. */
export const cut: Profile = { ...usual, pageRows: 12, cutRows: [1, 9] };

/** Values change to ones that do not fit, and back. */
export const gaps: Profile = {
  ...usual,
  misfitShare: 0.15,
  syncRequests: ['flush', 'flush', 'verify counts', 'verify content'],
};

/** The same while jobs copy whole objects, so that old readings end long after a record is set aside. */
export const copiedGaps: Profile = { ...copying, misfitShare: 0.3, syncRequests: gaps.syncRequests };

/** The org refuses all counts, which are most of what is requested. */
export const uncounted: Profile = {
  ...usual,
  refusesCounts: true,
  syncRequestsEveryMs: 15_000,
  syncRequests: ['verify counts', 'verify counts', 'flush'],
};

/** An intermediary sometimes writes its own time into answers. */
export const misdated: Profile = { ...usual, wrongDateShare: 0.15 };

/** The loads that a run of many seeds goes through in turn. */
export const profiles: Readonly<Record<string, Profile>> = {
  usual,
  mortal: { ...usual, ...mortal },
  jittered: { ...usual, jitterSeconds: 2 },
  slow: { ...usual, slowShare: 0.5, recordsEach: 12, pageRows: 6, jitterSeconds: 2, ...mortal },
  crowded,
  contested: { ...contested, ...mortal, jitterSeconds: 2 },
  hiding,
  purging,
  limited,
  /** The head sometimes ends too early: what it leaves out arrives with the recheck. */
  short: { ...usual, shortShare: 0.2, ...mortal },
  /** Readings lag by seconds. Then rows can go back for a while, and only the final state is promised. */
  replica: { ...usual, staleShare: 0.2 },
  copying,
  'copying and mortal': { ...copying, ...mortal, livesMs: [20 * seconds, 90 * seconds], jitterSeconds: 2 },
  bulk,
  'bulk and mortal': { ...bulk, ...mortal, misfitShare: 0.05, jitterSeconds: 2 },
  /** The rows of an earlier mirror are read again. */
  'bulk refill': { ...bulk, ...mortal, isRefill: true, livesMs: [20 * seconds, 90 * seconds] },
  'bulk checks': bulkChecks,
  'bulk checks and mortal': { ...bulkChecks, ...mortal, livesMs: [10 * seconds, 60 * seconds] },
  /** The first pages are read by queries; result pages are not listed. */
  'bulk after pages': { ...bulk, ...mortal, countedTimes: 1, fewLeftFrom: 64 * seconds, apiVersion: '57.0' },
  /** Events mark most changed records. */
  events: { ...usual, ...mortal, eventShare: 0.98 },
  forbidden: { ...usual, forbidShare: 0.02, ...mortal },
  cut: { ...cut, ...mortal },
  gaps,
  'copied gaps': { ...copiedGaps, ...mortal },
  uncounted,
  /** A wrong time is detected by the local clock, so that clock does not jump. */
  misdated: { ...misdated, ...mortal, clockJumpShare: 0 },
};

/** Seeds take the loads in turn. */
export function profileOf(seed: number): Profile {
  const all = Object.values(profiles);
  return all[seed % all.length] as Profile;
}
