/** Statements on the transaction itself: savepoints, its role, how long it waits, how it plans. */
import type { Tx } from '@lockstep/foundation/database';
import { ident, sql } from '@lockstep/foundation/sql';
import { wholeTableWays } from './planner.ts';

export const setSavepoint = (tx: Tx, name: string) => tx.query(sql`SAVEPOINT ${ident(name)}`);

export const releaseSavepoint = (tx: Tx, name: string) => tx.query(sql`RELEASE SAVEPOINT ${ident(name)}`);

/** Undoes what came after the savepoint, a failure too; the savepoint stays. */
export const rollbackToSavepoint = (tx: Tx, name: string) =>
  tx.query(sql`ROLLBACK TO SAVEPOINT ${ident(name)}`);

/** What this transaction creates belongs to the role. */
export const setRole = (tx: Tx, role: string) => tx.query(sql`SET LOCAL ROLE ${ident(role)}`);

/** Back to the role in which the session began. */
export const resetRole = (tx: Tx) => tx.query(sql`RESET ROLE`);

/** The login itself: a writer's sessions begin as the owner role. */
export const setNoRole = (tx: Tx) => tx.query(sql`SET LOCAL ROLE NONE`);

/** Limits how long each lock wait of this transaction may take. */
export const limitLockWait = (tx: Tx, ms: number) =>
  tx.query(sql`SELECT set_config('lock_timeout', ${`${Math.max(1, Math.round(ms))}ms`}, true)`);

/** Limits how long each further statement of this transaction may take. */
export const limitStatement = (tx: Tx, ms: number) =>
  tx.query(sql`SELECT set_config('statement_timeout', ${String(ms)}, true)`);

/** Undoes `planOnceByIndex` for the rest of this transaction, whose statements do scan a whole table. */
export const planForWholeTable = (tx: Tx) =>
  tx.query(sql`
  SELECT set_config(way, 'on', true) FROM unnest(${wholeTableWays}::text[]) AS way
   UNION ALL SELECT set_config('plan_cache_mode', 'auto', true)`);
