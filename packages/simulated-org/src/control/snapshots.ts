import { randomBytes } from 'node:crypto';
import type { Database, Session, Tx } from '@lockstep/foundation/database';
import { literal, sql } from '@lockstep/foundation/sql';
import { ControlError } from './control-error.ts';

/**
 * Older states of the org that requests can be made to read, like a lagging replica. A session keeps each state
 * alive; each request reads it in its own transaction, so that requests do not wait for each other.
 */
interface Kept {
  session: Session;
  exported: string;
  takenAt: number;
}

const snapshotsMax = 10;

export class Snapshots {
  private readonly db: Database;
  private readonly kept = new Map<string, Kept>();

  constructor(db: Database) {
    this.db = db;
  }

  get list(): { id: string; takenAt: string }[] {
    return [...this.kept].map(([id, { takenAt }]) => ({ id, takenAt: new Date(takenAt).toISOString() }));
  }

  has(id: string): boolean {
    return this.kept.has(id);
  }

  /** @throws {@link ControlError} at the limit of open snapshots: each needs a connection and keeps old rows alive */
  async take(now: number): Promise<string> {
    if (this.kept.size >= snapshotsMax)
      throw new ControlError(400, `${snapshotsMax} snapshots are open: close one with POST /snapshots/close`);
    const session = await this.db.session();
    try {
      await session.query(sql`BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY`);
      const [row] = await session.query<{ exported: string }>(sql`SELECT pg_export_snapshot() AS exported`);
      const id = randomBytes(6).toString('hex');
      this.kept.set(id, { session, exported: row?.exported ?? '', takenAt: now });
      void session.closed.then(() => this.kept.delete(id));
      return id;
    } catch (error) {
      await session.close();
      throw error;
    }
  }

  /** Runs the work on the old state, or on the present one if the snapshot is gone. */
  async read<Result>(id: string, work: (db: Tx) => Promise<Result>): Promise<Result> {
    const kept = this.kept.get(id);
    if (!kept) return work(this.db);
    return this.db.transaction(async (tx) => {
      await tx.query(sql`SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY`);
      // A fault may delay the request.
      await tx.query(sql`SET LOCAL idle_in_transaction_session_timeout = 0`);
      await tx.query(sql`SET TRANSACTION SNAPSHOT ${literal(kept.exported)}`);
      return work(tx);
    });
  }

  /** Without an id, all of them. Returns how many there were. */
  async close(id?: string): Promise<number> {
    const named = [...this.kept].filter(([one]) => id === undefined || one === id);
    for (const [one, { session }] of named) {
      this.kept.delete(one);
      await session.close();
    }
    return named.length;
  }
}
