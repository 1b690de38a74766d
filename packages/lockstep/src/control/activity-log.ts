import type { Clock } from '@lockstep/foundation/clock';
import { type Database, sqlState } from '@lockstep/foundation/database';
import { WakeSignal } from '@lockstep/foundation/wake-signal';
import { faults } from '../core/fault-catalogue.ts';
import { isFaultCode } from '../core/faults.ts';
import type { SyncId } from '../core/ids.ts';
import type { AppLog } from '../core/log-fields.ts';
import { insertActivities } from './activity-sql.ts';

export type ActivityKind =
  | 'state'
  | 'problem'
  | 'backfill'
  | 'check'
  | 'schema'
  | 'credential'
  | 'destination'
  | 'org';

/** Something that has happened. Names, codes and counts only: there is no member for a record's value. */
export interface Activity {
  kind: ActivityKind;
  /** One of a few fixed words; of a state, the state. */
  event: string;
  /** An API name; without it, it concerns the sync as a whole. */
  sobject?: string | null;
  /** Of the catalogue of faults. */
  code?: string | null;
  /** A field, an activity of an object such as `poll`, the host or the version of the org. */
  detail?: string | null;
  rows?: number | null;
  /** Who has decided it, as the audit log names them; without it, it has happened by itself. */
  who?: string | null;
}

/**
 * Writes what happens to syncs within a second or so. What is recorded waits in memory, so that nothing waits for it and
 * its failure stops nothing; while the database is away it stays there. Each fact is written at most once a minute, with
 * how often it has happened since; of states only the latest is written. Beyond a limit new facts are dropped. What a
 * person has decided is written at once and by itself: no later state takes its place.
 */
export interface ActivityLog {
  add(syncId: SyncId, activity: Activity): void;
  /** Writes what is due. */
  flush(): Promise<void>;
  /** Writes everything and stops. */
  end(): Promise<void>;
}

interface Waiting extends Required<Activity> {
  syncId: SyncId;
  happenedAt: number;
  /** Not written before. */
  dueAt: number;
  times: number;
}

const gatherMs = 500;
const sameFactMs = 60_000;
const retryMs = 5_000;
const waitingMax = 1_000;

export function openActivityLog({
  db,
  clock,
  log,
}: {
  db: Database;
  clock: Clock;
  log: AppLog;
}): ActivityLog {
  const facts = new WaitingFacts((sync) => log.warn('activity not recorded', { sync }));
  const stop = new AbortController();
  const wake = new WakeSignal();
  let writing: Promise<void> | null = null;
  let last: Promise<void> = Promise.resolve();

  async function write(entries: readonly Waiting[]): Promise<void> {
    if (entries.length === 0) return;
    const now = clock.now();
    try {
      await insertActivities(
        db,
        entries.map((entry) => rowOf(entry, now)),
      );
      facts.noteWritten(entries, now);
    } catch (error) {
      const code = sqlState(error);
      log.warn('activity not written yet', {
        rows: entries.length,
        ...(code !== undefined && { sqlState: code }),
      });
      facts.putBack(entries, now + retryMs);
    }
  }

  /** One write at a time, so that the later state of an object is written later. */
  const writeUntil = (until: () => number) => (last = last.then(() => write(facts.take(until()))));
  const writeAtOnce = (entry: Waiting) => {
    last = last.then(() => write([entry]));
  };
  const flush = () => writeUntil(() => clock.now() + gatherMs);

  async function writeSoon(): Promise<void> {
    const { signal } = stop;
    while (facts.nextDueAt !== null && !signal.aborted) {
      const dueIn = facts.nextDueAt - clock.now();
      if (dueIn > 0) await wake.wait(clock, dueIn, signal).catch(() => undefined);
      else await clock.sleep(gatherMs, signal).then(flush, () => undefined);
    }
    writing = null;
  }

  return {
    add(syncId, activity) {
      const entry = entryOf(syncId, activity, clock.now());
      if (entry.who !== null) {
        facts.supersede(entry);
        return writeAtOnce(entry);
      }
      facts.add(entry);
      wake.notify();
      writing ??= writeSoon();
    },
    flush,
    async end() {
      stop.abort();
      await writing;
      await writeUntil(() => Number.POSITIVE_INFINITY);
    },
  };
}

/** What waits to be written, and when each fact was last written. */
class WaitingFacts {
  private readonly waiting = new Map<string, Waiting>();
  private readonly written = new Map<string, number>();
  private isDropping = false;
  private readonly onDrop: (syncId: SyncId) => void;

  /** @param onDrop  called once for all that are dropped in a row */
  constructor(onDrop: (syncId: SyncId) => void) {
    this.onDrop = onDrop;
  }

  /** Null: nothing waits. */
  get nextDueAt(): number | null {
    if (this.waiting.size === 0) return null;
    return Math.min(...[...this.waiting.values()].map(({ dueAt }) => dueAt));
  }

  add(one: Waiting): void {
    const writtenAt = this.written.get(factOf(one)) ?? Number.NEGATIVE_INFINITY;
    const entry = { ...one, dueAt: Math.max(one.dueAt, writtenAt + sameFactMs) };
    const slot = slotOf(entry);
    const known = this.waiting.get(slot);
    if (!known && this.waiting.size >= waitingMax) {
      if (!this.isDropping) this.onDrop(entry.syncId);
      this.isDropping = true;
      return;
    }
    // Of two states the later one is written.
    this.waiting.set(slot, known && entry.kind !== 'state' ? sum(known, entry) : entry);
  }

  /** A state that still waits is out of date when this one is written. */
  supersede(entry: Waiting): void {
    if (entry.kind === 'state') this.waiting.delete(slotOf(entry));
  }

  /** Takes out those that are due until then. */
  take(until: number): Waiting[] {
    const due = [...this.waiting.values()].filter(({ dueAt }) => dueAt <= until);
    for (const entry of due) this.waiting.delete(slotOf(entry));
    return due;
  }

  noteWritten(entries: readonly Waiting[], now: number): void {
    this.isDropping = false;
    for (const [fact, at] of this.written) if (now - at >= sameFactMs) this.written.delete(fact);
    for (const entry of entries) this.written.set(factOf(entry), now);
  }

  /** They could not be written. */
  putBack(entries: readonly Waiting[], dueAt: number): void {
    for (const entry of entries) {
      const slot = slotOf(entry);
      const known = this.waiting.get(slot);
      if (!known && this.waiting.size < waitingMax) this.waiting.set(slot, { ...entry, dueAt });
      if (known && entry.kind !== 'state') this.waiting.set(slot, { ...sum(known, entry), dueAt });
    }
  }
}

function entryOf(syncId: SyncId, activity: Activity, now: number): Waiting {
  const { sobject = null, code = null, detail = null, rows = null, who = null } = activity;
  return { ...activity, syncId, sobject, code, detail, rows, who, happenedAt: now, dueAt: now, times: 1 };
}

const factOf = ({ syncId, kind, event, sobject, code, detail }: Omit<Waiting, 'dueAt'>): string =>
  JSON.stringify([syncId, kind, event, sobject, code, detail]);

/** Facts that add up, or replace each other, have the same one. */
const slotOf = (entry: Waiting): string =>
  entry.kind === 'state' ? JSON.stringify([entry.syncId, entry.sobject]) : factOf(entry);

const sum = (known: Waiting, more: Waiting): Waiting => ({
  ...known,
  happenedAt: Math.min(known.happenedAt, more.happenedAt),
  dueAt: Math.min(known.dueAt, more.dueAt),
  times: known.times + more.times,
  rows: known.rows === null ? more.rows : known.rows + (more.rows ?? 0),
});

const rowOf = (entry: Waiting, now: number) => ({
  ...entry,
  agoMs: Math.max(0, now - entry.happenedAt),
  needsPerson: needsPerson(entry),
});

function needsPerson({ kind, event, code }: Waiting): boolean {
  if (kind === 'state' && ['locked', 'stopped', 'rows missing'].includes(event)) return true;
  return code !== null && isFaultCode(code) && faults[code].kind === 'needs-person' && event !== 'ended';
}
