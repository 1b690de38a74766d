import { isLockFailure, rowLocked } from '../http/errors.ts';

/** Waits for the rows that `work` locks, up to the org's lock time-out; the error then names these records. */
export async function locking<Result>(ids: readonly string[], work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw isLockFailure(error) ? rowLocked(ids) : error;
  }
}
