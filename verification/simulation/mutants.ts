/**
 * Rules that are known to be wrong; each replaces one decision of `asBuilt`. A simulation that does not find them
 * proves nothing about the right rule. Each has a load under which it shows.
 */
import { decide } from 'lockstep/core/merge-rule';
import { secondsOf } from 'lockstep/core/stamps';
import type { DeletedPosition } from 'lockstep/engine/testing';
import { type RecheckPosition, settleSeconds } from 'lockstep/engine/testing';
import type { CursorMove, Mirror, PagePart } from 'lockstep/postgres';
import { asBuilt, type Bounds, holdsTheSame, type MergePolicy, type MergeResult } from './merge-policy.ts';
import {
  bulk,
  contested,
  copiedGaps,
  copying,
  crowded,
  cut,
  gaps,
  hiding,
  misdated,
  type Profile,
  purging,
  uncounted,
  usual,
} from './profile.ts';
import type { MirrorRow, ReadRecord } from './read-record.ts';

export interface Mutant {
  mergePolicy: MergePolicy;
  profile: Profile;
  /** The rule is right, but the load breaks an assumption. */
  isOfLoad?: boolean;
  /** How a process wrongly uses its destination. */
  usedAs?: (mirror: Mirror) => Mirror;
  /** How a process wrongly reads the org's answers. */
  readAs?: (text: string) => string;
}

const mutant = (mergePolicy: Partial<MergePolicy>, profile: Partial<Profile> = {}): Mutant => ({
  mergePolicy: { ...asBuilt, ...mergePolicy },
  profile: { ...usual, ...profile },
});

/** Stores a record if its stamp compares as newer than the row's, and drops it otherwise. */
const byStamp = (isNewer: (read: number, stored: number) => boolean): Partial<MergePolicy> => ({
  merge(record, { row }) {
    const isSame = holdsTheSame(record.values, row);
    const isStored = !row || record.stamp === null || isNewer(record.stamp, secondsOf(row.SystemModstamp));
    return { record, verdict: isStored ? 'store' : 'stale', isSame, hasRow: row !== null };
  },
});

/** Drops those records of the recheck's pages for which `merge` is false. */
const inRecheck = (judge: (record: ReadRecord, row: MirrorRow | null) => boolean): Partial<MergePolicy> => ({
  merge(record, stored, bounds, part: PagePart) {
    const judged = asBuilt.merge(record, stored, bounds, part);
    const moves = part.moves ?? [];
    const recheck = moves.find(({ kind }) => kind === 'recheck')?.to as RecheckPosition | undefined;
    const isHead = moves.some(({ kind }) => kind === 'head');
    const isOfRecheck = recheck && (!isHead || (record.stamp ?? Infinity) < recheck.at);
    const isLeftOut = isOfRecheck && !judge(record, stored.row);
    return isLeftOut ? { ...judged, verdict: 'stale' } : judged;
  },
});

/** Triples all stamps: with a slack of two seconds, any difference then counts as an order. */
const withoutSlack: Partial<MergePolicy> = {
  merge(record, { row, fence }, { lo, hi }: Bounds): MergeResult {
    const isSame = holdsTheSame(record.values, row);
    const farther = (stamp: number | null) => (stamp === null ? null : stamp * 3);
    const reading = { lo, hi, stamp: farther(record.stamp), deleted: record.values === null };
    const verdict = decide(reading, fence && { ...fence, stamp: farther(fence.stamp) }, isSame);
    return { record, verdict, isSame, hasRow: row !== null };
  },
};

/** Treats a partial reading as a full one: it replaces another reading's row, and leaves a full fence. */
const partAsWhole: Partial<MergePolicy> = {
  leavesPartialFence: false,
  merge(record, stored, bounds, part) {
    const judged = asBuilt.merge(record, stored, bounds, part);
    if (!record.isPartial || !stored.row) return judged;
    const reading = { ...bounds, stamp: record.stamp, deleted: record.isAbsent };
    return { ...judged, verdict: decide(reading, stored.fence, judged.isSame) };
  },
};

/** Treats equal stamps as proof that a row differs only in what the reading shows. */
const stampsProve: Partial<MergePolicy> = {
  merge(record, stored, bounds, part) {
    const settled = part.partial && { ...part, partial: { settledUntil: Infinity } };
    return asBuilt.merge(record, stored, bounds, settled ?? part);
  },
};

/** Compares a reading with the row even while the record is set aside: the row is not what its fence describes. */
const asideAsRow: Partial<MergePolicy> = {
  merge: (record, stored, bounds, part) => asBuilt.merge(record, { ...stored, isAside: false }, bounds, part),
};

/** Removes a row as soon as a sweep does not find its record. */
const absenceRemoves: Partial<MergePolicy> = {
  merge(record, stored, bounds, part) {
    const judged = asBuilt.merge(record, stored, bounds, part);
    const isGone = record.isPartial && record.isAbsent && stored.row !== null;
    return isGone ? { ...judged, verdict: 'store' } : judged;
  },
};

/** Reads a refused query as one that found nothing, so that the cursor passes the gap. */
const refusedAsEmpty = (text: string) =>
  text.replaceAll(
    /"body":\[\{"errorCode":"QUERY_TIMEOUT"[^\]]*\],"httpHeaders":\{\},"httpStatusCode":400/g,
    '"body":{"totalSize":0,"done":true,"records":[]},"httpHeaders":{},"httpStatusCode":200',
  );

/** Reads a cut page as if it were complete. */
const cutAsWhole = (text: string) =>
  text.replaceAll(/"totalSize":\d+,"done":false/g, (_, at: number) => {
    const count =
      text
        .slice(at)
        .match(/^[^\]]*?"records":\[(.*?)\]\}/)?.[1]
        ?.split('"attributes"').length ?? 1;
    return `"totalSize":${count - 1},"done":true`;
  });

/** Requests the deleted log from the end of the last request on, whatever the answer covered. */
const logToTheEnd = (mirror: Mirror): Mirror => {
  const toTheEnd = (move: CursorMove): CursorMove => {
    const { askedAt } = move.to as DeletedPosition;
    return move.kind === 'deleted' ? { ...move, to: { ...move.to, from: askedAt } } : move;
  };
  const applyRemainder: Mirror['applyRemainder'] = (rest, ...given) =>
    mirror.applyRemainder(
      rest.map(({ moves, ...one }) => ({ ...one, moves: moves.map(toTheEnd) })),
      ...given,
    );
  return new Proxy(mirror, {
    get: (target, name) => (name === 'applyRemainder' ? applyRemainder : target[name as keyof Mirror]),
  });
};

/** Uses two transactions instead of one: a process can die between them. */
const cursorFirst = (mirror: Mirror): Mirror => {
  const applyPage: Mirror['applyPage'] = async (table, page, { moves = [], ...part }, lockWaitMs) => {
    const { unmoved } = await mirror.applyRemainder([{ table, moves }], { ...part, isLast: false });
    const applied = await mirror.applyPage(table, page, part, lockWaitMs);
    return { ...applied, unmoved };
  };
  return new Proxy(mirror, {
    get: (target, name) => (name === 'applyPage' ? applyPage : target[name as keyof Mirror]),
  });
};

/** Opens the reading of a Bulk backfill when its first job has been created. */
const readingAfterJob = (mirror: Mirror): Mirror => {
  const pretended = { lo: -1, nonce: '' };
  const beginBulk: Mirror['beginBulk'] = async (_, __, ___, position) => {
    position({ observation: pretended, isFirstFill: true, backfilledTo: null });
  };
  const moveBulk: Mirror['moveBulk'] = (holder, table, observation, version, to) =>
    observation.lo === pretended.lo
      ? mirror.beginBulk(holder, table, version - 1, (reading) => ({ ...to.position(0), ...reading }))
      : mirror.moveBulk(holder, table, observation, version, to);
  const endBulk: Mirror['endBulk'] = async (holder, table, observation, version, end) => {
    if (observation?.lo !== pretended.lo) await mirror.endBulk(holder, table, observation, version, end);
  };
  const changed: Partial<Mirror> = { beginBulk, moveBulk, endBulk };
  return new Proxy(mirror, {
    get: (target, name) => changed[name as keyof Mirror] ?? target[name as keyof Mirror],
  });
};

const startingNow = (positions: object): object =>
  Object.fromEntries(
    Object.entries(positions).map(([kind, position]: [string, { at?: number } | null]) => [
      kind,
      position?.at === undefined ? position : { ...position, at: position.at + settleSeconds },
    ]),
  );

const slow: Partial<Profile> = {
  slowShare: 0.5,
  recordsEach: 12,
  pageRows: 6,
  lostShare: 0,
  tornShare: 0,
  refusedShare: 0,
};
/** A few records that everybody writes, swept without a pause, with read-backs as slow as clients will wait for. */
const swept: Partial<Profile> = {
  ...contested,
  recordsEach: 4,
  jitterSeconds: 2,
  intervalMs: 200,
  databaseMs: 3,
  slowShare: 0.35,
  slowMs: [1_500, 2_950],
  clientEveryMs: 150,
  outsideEveryMs: 150,
  syncRequestsEveryMs: 1_100,
  syncRequests: ['verify ids'],
  undeleteShare: 0.4,
  hideShare: 0,
  purgeShare: 0,
  doubledShare: 0,
  shuffledShare: 0,
  thinnedShare: 0,
  staleReadBackShare: 0,
};
/** Two commits of a record under one stamp, of which the second is late; only the recheck reads it again. */
const late: Partial<Profile> = {
  recordsEach: 12,
  longShare: 0.15,
  longDeleteShare: 0,
  longestMs: 100_000,
  formulaShare: 0,
  hideShare: 0,
  purgeShare: 0,
  restampShare: 0,
  syncRequests: ['verify counts'],
  lastSyncRequest: 'verify counts',
};
/** Objects that are read by short jobs while others write them, over connections that are often slow. */
const bulkContested: Partial<Profile> = {
  ...bulk,
  quietAt: 110_000,
  calmAt: 120_000,
  settlingAt: 1_000_000,
  endAt: 1_200_000,
  intervalMs: 300,
  quietIntervalMs: 5_000,
  settlingIntervalMs: 5_000,
  outsideEveryMs: 200,
  deleteShare: 0.15,
  slowShare: 0.5,
  slowMs: [3_000, 15_000],
  brokenShare: 0,
  lostShare: 0,
  tornShare: 0,
  refusedShare: 0,
  jobLastsMs: 4_000,
  pieceMs: 200,
  jobFaultShare: 0,
  damagedFileShare: 0,
};
/** The same with polls far behind, and jobs that are slow to be created. */
const bulkAhead: Partial<Profile> = {
  ...bulkContested,
  pageRows: 1,
  resultRows: [20, 40],
  clientsWaitMs: 0,
  clientEveryMs: 800,
  outsideEveryMs: 500,
  deleteShare: 0,
  slowShare: 0.3,
  slowMs: [5_000, 40_000],
};
const mortal: Partial<Profile> = { livesMs: [3_000, 20_000] };

export const mutants: Readonly<Record<string, Mutant>> = {
  'blind upsert': mutant({
    merge: (...given) => ({ ...asBuilt.merge(...given), verdict: 'store' }),
  }),
  'stamp >= stored': mutant(byStamp((read, stored) => read >= stored)),
  'stamp > stored': mutant(byStamp((read, stored) => read > stored)),
  'later read wins': mutant(
    {
      merge(record, stored, bounds, part) {
        const { fence } = stored;
        const judged = asBuilt.merge(record, stored, bounds, part);
        return { ...judged, verdict: !fence || bounds.lo > fence.lo ? 'store' : 'stale' };
      },
    },
    crowded,
  ),
  'no recheck': mutant(inRecheck(() => false)),
  'recheck compares stamps only': mutant(
    inRecheck((record, row) => !row || record.stamp !== secondsOf(row.SystemModstamp)),
    late,
  ),
  'no fence left': mutant({ leavesFence: () => false }),
  'late answer of a former holder applied': mutant(
    { refusesLateAnswers: false },
    { ...mortal, takeoverShare: 1 },
  ),
  'marks cleared by any reading': mutant({ clearsMark: () => true }, contested),
  'cursors start now': mutant({ startAt: startingNow }),
  'no slack, stamps jittered': mutant(withoutSlack, { jitterSeconds: 2, ...slow }),
  'no fence after an equal reading': mutant({ leavesFence: ({ isSame }) => !isSame }, slow),
  'no fence after a deleted record without a row': mutant(
    { leavesFence: ({ record, hasRow }) => record.values !== null || hasRow },
    slow,
  ),
  'partial reading as full': mutant(partAsWhole, swept),
  'partial reading of the same second': mutant(stampsProve, { ...swept, formulaShare: 0.4 }),
  'cursor moved before its rows': { ...mutant({}, mortal), usedAs: cursorFirst },
  'absence removes at once': mutant(absenceRemoves, { ...swept, thinnedShare: 0.3 }),
  'removal without a threshold': mutant({ removalsMax: () => Infinity }, hiding),
  'refused query read as an empty one': { ...mutant({}, { refusedShare: 0.1 }), readAs: refusedAsEmpty },
  'deleted log requested from the end of the last request': { ...mutant({}, purging), usedAs: logToTheEnd },
  'cut answer read as a complete one': { ...mutant({}, cut), readAs: cutAsWhole },
  'record that fits no column forgotten': mutant({ setsAside: false }, gaps),
  'row of a record set aside as its fence': mutant(asideAsRow, copiedGaps),
  'copy without looking at fences': mutant({ looksAtFences: false }, bulkContested),
  'copy beside an older reading': mutant(
    { looksForOlderReadings: false },
    // Other jobs are the older readings; polls are far behind.
    {
      ...bulkContested,
      pageRows: 1,
      recordsEach: 60,
      resultRows: [20, 40],
      outsideEveryMs: 100,
      clientEveryMs: 5_000,
      jobLastsMs: 15_000,
      jobEveryMs: 2_000,
    },
  ),
  'Bulk reading opened after its job': {
    ...mutant({}, bulkAhead),
    usedAs: readingAfterJob,
  },
  'Bulk reading closed at a takeover': mutant(
    { keepsBulkReadings: false },
    { ...bulkContested, livesMs: [10_000, 30_000] },
  ),
  'slice stored by two workers': mutant(
    { locksPages: false },
    { ...bulkContested, slowShare: 0.1, livesMs: [3_000, 12_000], takeoverShare: 1, pieceMs: 1_500 },
  ),
  'refused check stops the object': {
    ...mutant({}, { ...uncounted, refusalsSpread: true }),
    isOfLoad: true,
  },
  'two answers in a row with the same wrong time': {
    ...mutant({}, { ...misdated, wrongDatesComeTwice: true }),
    isOfLoad: true,
  },
  'job read when its results are ready': {
    ...mutant({}, { ...copying, jobsCountFromTheirResults: true }),
    isOfLoad: true,
  },
  'transactions longer than the recheck waits': {
    ...mutant({}, { longShare: 0.2, longestMs: 1_300_000 }),
    isOfLoad: true,
  },
};
