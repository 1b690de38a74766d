import { assert } from '@lockstep/foundation/assert';
import { systemClock } from '@lockstep/foundation/clock';
import type { Database } from '@lockstep/foundation/database';
import { sql } from '@lockstep/foundation/sql';

/** A lock that a test holds to stop work at a known point. Released at the end at the latest. */
export interface HeldLock extends AsyncDisposable {
  /** Resolves when somebody waits for it; fails if nobody does. */
  untilSomebodyWaits(): Promise<void>;
  release(): Promise<void>;
}

/** In real milliseconds. */
const lookEveryMs = 20;
const looksMax = 500;

/** @param statement  takes the lock, such as `LOCK TABLE …` */
export async function holdLock(db: Database, statement: string): Promise<HeldLock> {
  const session = await db.session();
  let release = async () => {
    release = () => Promise.resolve();
    await session.close();
  };
  const [own] = await session.query<{ pid: number }>(sql`SELECT pg_backend_pid() AS pid`);
  await session.script(`BEGIN; ${statement}`);
  return {
    async untilSomebodyWaits() {
      for (let looks = 0; looks < looksMax; looks++) {
        const waiting = await db.query(
          sql`SELECT FROM pg_stat_activity WHERE ${own?.pid}::integer = ANY(pg_blocking_pids(pid))`,
        );
        if (waiting.length > 0) return;
        await systemClock.sleep(lookEveryMs);
      }
      assert(false, 'nobody waits for the lock');
    },
    release: () => release(),
    [Symbol.asyncDispose]: () => release(),
  };
}
