import type { Wish } from '../src/engine/wishes.ts';

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
  /** The tail comes to what was written during the run. */
  settlingAt: number;
  /** By now everything has to be in the mirror. */
  endAt: number;
  /** Between the requests of the sync: while there is load, while there is none, and while the tail reads it. */
  intervalMs: number;
  quietIntervalMs: number;
  settlingIntervalMs: number;
  databaseMs: number;
  /** Longest pause between two transactions of outsiders, and between two proxied writes. */
  outsideEveryMs: number;
  clientEveryMs: number;
  /** Longest pause between two wishes of the sync, and what is wished. */
  wishEveryMs: number;
  wishes: readonly Wish['kind'][];
  /** Shares of the outsiders' transactions; what is left are plain updates. */
  bulkShare: number;
  longShare: number;
  createShare: number;
  deleteShare: number;
  undeleteShare: number;
  formulaShare: number;
  /** Records that vanish from the sync's sight, or come back to it; deleted ones that leave the recycle bin. */
  hideShare: number;
  purgeShare: number;
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
  /** Share of deaths in whose place the local clock jumps ahead by up to an hour. It never goes back. */
  clockJumpShare: number;
  /** By how much the clock of a process may be off from its start, either way. */
  clockOffMs: number;
  /** Share of pages that are applied once more. */
  repeatShare: number;
}

const seconds = 1_000;

export const usual: Profile = {
  sobjects: ['Account', 'Contact'],
  recordsEach: 40,
  pageRows: 8,
  startAt: 60 * seconds,
  quietAt: 160 * seconds,
  calmAt: 200 * seconds,
  settlingAt: 1_000 * seconds,
  endAt: 1_500 * seconds,
  intervalMs: 2 * seconds,
  quietIntervalMs: 150 * seconds,
  settlingIntervalMs: 30 * seconds,
  databaseMs: 3,
  outsideEveryMs: 1_000,
  clientEveryMs: 2_000,
  wishEveryMs: 60_000,
  wishes: ['flush', 'flush', 'reconcile', 'compare', 'reread'],
  bulkShare: 0.05,
  longShare: 0.04,
  createShare: 0.08,
  deleteShare: 0.08,
  undeleteShare: 0.06,
  formulaShare: 0.05,
  hideShare: 0.02,
  purgeShare: 0.03,
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
  clockOffMs: 3_600 * seconds,
  repeatShare: 0.1,
};

const mortal = { livesMs: [3 * seconds, 20 * seconds], clockJumpShare: 0.2 } as const;

/** Few records, and everybody writes them at once over slow connections to slow databases. */
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

/** Records that many clients fight for, so that their read-backs overlap within the time of an answer. */
export const contested: Profile = {
  ...crowded,
  sobjects: ['Account'],
  recordsEach: 2,
  clientEveryMs: 300,
  outsideEveryMs: 3_000,
  longShare: 0, // its lock would keep everybody else away
  deleteShare: 0,
  undeleteShare: 0.3,
  slowShare: 0,
  databaseMs: 1_000,
};

/** The loads that a run of many seeds goes through in turn. */
export const profiles: Readonly<Record<string, Profile>> = {
  usual,
  mortal: { ...usual, ...mortal },
  jittered: { ...usual, jitterSeconds: 2 },
  slow: { ...usual, slowShare: 0.5, recordsEach: 12, pageRows: 6, jitterSeconds: 2, ...mortal },
  crowded,
  contested: { ...contested, ...mortal, jitterSeconds: 2 },
};

/** Seeds share the loads out among them. */
export function profileOf(seed: number): Profile {
  const all = Object.values(profiles);
  return all[seed % all.length] as Profile;
}
