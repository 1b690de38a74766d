import { randomBytes } from 'node:crypto';
import type { Session, Tx } from '@lockstep/foundation/database';
import { sql } from '@lockstep/foundation/sql';
import { openWrite, setWriteLimits, type Writes } from '../write/open-writes.ts';
import { ControlError } from './control-error.ts';

/**
 * Transactions that write and stay open until somebody ends them, like a long Apex job: their rows have the stamps of
 * when they were written, stay locked, and are invisible to others until the commit.
 */
interface Open {
  session: Session;
  ids: readonly string[];
  since: number;
  /** Removes it from the org's list of open writes. */
  close(): void;
}

const transactionsMax = 20;

export class Transactions {
  private readonly opened = new Map<string, Open>();

  get list(): { id: string; since: string; ids: readonly string[] }[] {
    return [...this.opened].map(([id, { since, ids }]) => ({
      id,
      since: new Date(since).toISOString(),
      ids,
    }));
  }

  /**
   * @param since when it counts as begun, if before now
   * @param work  its writes; returns the Ids of what was written
   * @throws what the work throws: then nothing is written, and no transaction is open
   */
  async open(
    org: Writes,
    since: number | undefined,
    work: (tx: Tx) => Promise<string[]>,
  ): Promise<{ id: string; ids: readonly string[] }> {
    if (this.opened.size >= transactionsMax)
      throw new ControlError(400, `${transactionsMax} transactions are open: commit or roll back one`);
    const session = await org.db.session();
    const write = openWrite(org, since);
    const close = () => org.openWrites.delete(write);
    try {
      await session.query(sql`BEGIN ISOLATION LEVEL READ COMMITTED`);
      await setWriteLimits(session, org);
      const ids = await work(session);
      const id = randomBytes(6).toString('hex');
      this.opened.set(id, { session, ids, since: write.since, close });
      void session.closed.then(() => {
        this.opened.delete(id);
        close();
      });
      return { id, ids };
    } catch (error) {
      close();
      await session.close();
      throw error;
    }
  }

  /** @throws {@link ControlError} if no transaction with this id is open */
  async end(id: string, how: 'commit' | 'rollBack'): Promise<{ ids: readonly string[] }> {
    const open = this.opened.get(id);
    if (!open)
      throw new ControlError(404, `no transaction ${JSON.stringify(id)} is open: see GET /transactions`);
    this.opened.delete(id);
    try {
      await open.session.query(how === 'commit' ? sql`COMMIT` : sql`ROLLBACK`);
      return { ids: open.ids };
    } finally {
      open.close();
      await open.session.close();
    }
  }

  /** The server rolls back what a closed session leaves open. */
  async rollBackAll(): Promise<void> {
    for (const { session } of this.opened.values()) await session.close();
  }
}
