import type { Database, Tx } from '@lockstep/foundation/database';

/**
 * Does the work in a transaction and takes it back, so that everything that would refuse it does.
 *
 * @returns what the work returns. @throws what it throws
 */
export async function tryOnly<Result>(db: Database, work: (tx: Tx) => Promise<Result>): Promise<Result> {
  const undone = new Error('it was only tried');
  const tried: { result?: Result } = {};
  await db
    .transaction(async (tx) => {
      tried.result = await work(tx);
      throw undone;
    })
    .catch((error: unknown) => {
      if (error !== undone) throw error;
    });
  return tried.result as Result;
}
