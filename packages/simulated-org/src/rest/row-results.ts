import type { Tx } from '@lockstep/foundation/database';
import type { Call } from '../http/call.ts';
import { MalformedRequest, OrgError } from '../http/errors.ts';
import { attempt, attempts } from '../write/attempts.ts';

/** Many records written by one request: each succeeds or fails for itself, or all together. */
export interface Written {
  id: string;
  created?: boolean;
}
export type Outcome = Written | OrgError;
export type RowWrite = (tx: Tx) => Promise<Written>;

class RolledBack extends Error {
  override readonly name = 'RolledBack';
  readonly outcomes: Outcome[];

  constructor(outcomes: readonly Outcome[]) {
    super('a record failed');
    this.outcomes = outcomes.map((outcome) => (outcome instanceof OrgError ? outcome : rolledBack()));
  }
}

const rolledBack = () =>
  new OrgError(
    400,
    'ALL_OR_NONE_OPERATION_ROLLED_BACK',
    'Record rolled back because not all records were valid and the request was using AllOrNone header',
  );

/**
 * Writes the rows in one transaction and gives what became of each, in their order. With `allOrNone` and a failure
 * nothing stays, and the rows that had succeeded say that they were rolled back.
 *
 * @throws {@link OrgError} when a row names a field that is none, or holds JSON of the wrong type: nothing stays
 */
export async function writeRows(
  call: Pick<Call, 'write'>,
  allOrNone: boolean,
  rows: readonly RowWrite[],
): Promise<Outcome[]> {
  try {
    return await call.write(async (tx) => {
      const written = await attempt(tx, () => writeEach(tx, allOrNone, rows));
      if (written instanceof OrgError) throw written;
      return written;
    });
  } catch (error) {
    if (error instanceof RolledBack) return error.outcomes;
    throw error;
  }
}

async function writeEach(tx: Tx, allOrNone: boolean, rows: readonly RowWrite[]): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for await (const outcome of attempts(
    tx,
    rows.map((row) => () => row(tx)),
  )) {
    // Records are read before any is written: one that is malformed is the request's own mistake.
    if (outcome instanceof MalformedRequest) throw outcome;
    outcomes.push(outcome);
  }
  if (allOrNone && outcomes.some((outcome) => outcome instanceof OrgError)) throw new RolledBack(outcomes);
  return outcomes;
}

/** How an error is told of one record among many: `statusCode` where a request of its own has `errorCode`. */
export function rowError({ entry }: OrgError) {
  const isMissing = entry.errorCode === 'NOT_FOUND';
  return {
    statusCode: isMissing ? 'INVALID_CROSS_REFERENCE_KEY' : entry.errorCode,
    message: isMissing ? 'invalid cross reference id' : entry.message,
    fields: entry.fields ?? [],
  };
}

/** One entry of the answer. A failed record has no id there, even where the request named it. */
export const rowResult = (outcome: Outcome) =>
  outcome instanceof OrgError
    ? { success: false, errors: [rowError(outcome)] }
    : { id: outcome.id, success: true, errors: [] };
