import type { Tx } from '@lockstep/foundation/database';
import { asOrgError, type OrgError } from '../http/errors.ts';

/**
 * Work that may fail by itself: its effects are undone, and the transaction continues. After an error that no client
 * can cause they are undone as well, and the error is thrown.
 */
const undo = 'ROLLBACK TO SAVEPOINT attempt';
const end = 'RELEASE SAVEPOINT attempt';
const begin = 'SAVEPOINT attempt';

/**
 * Runs the works in order, with one message to the server between two. If the consumer stops, no further one runs.
 */
export async function* attempts<Result>(
  tx: Tx,
  works: readonly (() => Promise<Result>)[],
): AsyncGenerator<Result | OrgError> {
  let isOpen = false;
  try {
    for (const work of works) {
      await tx.script(isOpen ? `${end}; ${begin}` : begin);
      isOpen = true;
      yield await outcomeOf(tx, work);
    }
  } finally {
    if (isOpen) await tx.script(end);
  }
}

export async function attempt<Result>(tx: Tx, work: () => Promise<Result>): Promise<Result | OrgError> {
  const outcomes: (Result | OrgError)[] = [];
  for await (const outcome of attempts(tx, [work])) outcomes.push(outcome);
  return outcomes[0] as Result | OrgError;
}

async function outcomeOf<Result>(tx: Tx, work: () => Promise<Result>): Promise<Result | OrgError> {
  try {
    return await work();
  } catch (error) {
    await tx.script(undo);
    const known = asOrgError(error);
    if (!known) throw error;
    return known;
  }
}
