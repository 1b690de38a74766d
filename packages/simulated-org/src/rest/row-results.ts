import type { Tx } from '@lockstep/foundation/database';
import type { Call } from '../http/call.ts';
import { MalformedRequest, OrgError } from '../http/errors.ts';
import { attempt, attempts } from '../write/attempts.ts';

/** The results of several records in one request: each succeeds or fails by itself, or all together. */
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
 * Writes the rows in one transaction and returns each one's outcome, in order. With `allOrNone`, a failure undoes
 * everything, and rows that had succeeded are reported as rolled back.
 *
 * @throws {@link OrgError} if a row names an unknown field or has JSON of the wrong type: nothing is written
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
    // Records are validated before any is written: a malformed one fails the whole request.
    if (outcome instanceof MalformedRequest) throw outcome;
    outcomes.push(outcome);
  }
  if (allOrNone && outcomes.some((outcome) => outcome instanceof OrgError)) throw new RolledBack(outcomes);
  return outcomes;
}

/** The error of one record among several: `statusCode` where a single request has `errorCode`. */
export function rowError({ entry }: OrgError) {
  const isMissing = entry.errorCode === 'NOT_FOUND';
  return {
    statusCode: isMissing ? 'INVALID_CROSS_REFERENCE_KEY' : entry.errorCode,
    message: isMissing ? 'invalid cross reference id' : entry.message,
    fields: entry.fields ?? [],
  };
}

/** One entry of the answer. A failed record has no id there, even if the request named it. */
export const rowResult = (outcome: Outcome) =>
  outcome instanceof OrgError
    ? { success: false, errors: [rowError(outcome)] }
    : { id: outcome.id, success: true, errors: [] };
