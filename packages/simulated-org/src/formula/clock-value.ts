import type { Clock } from '@lockstep/foundation/clock';
import { DeferredValue, type Sql, sql } from '@lockstep/foundation/sql';

/**
 * The org's time in a statement: a parameter whose value is read when the statement is sent, so that a prepared
 * statement stays current. Each clock has only one, because a query that groups by a formula contains it twice.
 */
const values = new WeakMap<Clock, Sql>();

export function clockValue(clock: Clock): Sql {
  const known = values.get(clock);
  if (known) return known;
  const now = new DeferredValue(() => new Date(clock.now()).toISOString());
  const value = sql`${now}::timestamptz`;
  values.set(clock, value);
  return value;
}
