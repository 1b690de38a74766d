/** The load of a run, and how much goes wrong in it. Times are the run's own, in milliseconds unless they say more. */
export interface Profile {
  sobjects: readonly string[];
  recordsEach: number;
  pageRows: number;
  /** The org is busy before the sync begins. */
  startAt: number;
  /** Writes stop here. */
  quietAt: number;
  /** From here on nothing goes wrong any more. */
  calmAt: number;
  /** By now everything has to be in the mirror. */
  endAt: number;
  /** Between the requests of the sync. */
  intervalMs: number;
  quietIntervalMs: number;
  databaseMs: number;
  /** Longest pause between two transactions of outsiders, and between two proxied writes. */
  outsideEveryMs: number;
  clientEveryMs: number;
  /** Shares of the outsiders' transactions; what is left are plain updates. */
  bulkShare: number;
  longShare: number;
  createShare: number;
  deleteShare: number;
  undeleteShare: number;
  formulaShare: number;
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
  brokenShare: number;
  /** Shortest and longest life of a process; no deaths where null. */
  livesMs: readonly [number, number] | null;
  /** Share of deaths that are only a lease lost: the former holder goes on. */
  takeoverShare: number;
  /** Share of deaths with which the local clock of the next process is off by up to an hour, and jumps later. */
  clockJumpShare: number;
}

const seconds = 1_000;

export const usual: Profile = {
  sobjects: ['Account', 'Contact'],
  recordsEach: 40,
  pageRows: 8,
  startAt: 60 * seconds,
  quietAt: 160 * seconds,
  calmAt: 200 * seconds,
  endAt: 1_500 * seconds,
  intervalMs: 2 * seconds,
  quietIntervalMs: 30 * seconds,
  databaseMs: 3,
  outsideEveryMs: 1_000,
  clientEveryMs: 2_000,
  bulkShare: 0.05,
  longShare: 0.04,
  createShare: 0.08,
  deleteShare: 0.08,
  undeleteShare: 0.06,
  formulaShare: 0.05,
  longestMs: 300 * seconds,
  jitterSeconds: 0,
  slowShare: 0.15,
  slowMs: [2 * seconds, 15 * seconds],
  lostShare: 0.02,
  tornShare: 0.02,
  refusedShare: 0.01,
  keptBackShare: 0.03,
  brokenShare: 0.003,
  livesMs: null,
  takeoverShare: 0.4,
  clockJumpShare: 0,
};
