/** What the mirror says about each object of a sync, from the views that its reader role sees. */

import type { Tx } from '@lockstep/foundation/database';
import { faults } from '../core/fault-catalogue.ts';
import { isFaultCode } from '../core/faults.ts';
import { timeOf } from '../core/plain-words.ts';
import {
  type FieldWithoutValue,
  type HiddenField,
  type Problem,
  readFieldsWithoutValue,
  readHiddenFields,
  readProblems,
  readServerClock,
  readStatusRows,
  type StatusRow,
} from '../postgres/index.ts';

export interface ObjectStatus extends StatusRow {
  problems: readonly Problem[];
  hidden_fields: readonly HiddenField[];
  fields_without_value: readonly FieldWithoutValue[];
}

/** As seen at one instant of the database's clock. */
export async function readObjects(mirror: Tx): Promise<{ objects: readonly ObjectStatus[]; now: number }> {
  const rows = await readStatusRows(mirror);
  const problems = await readProblems(mirror);
  const hidden = await readHiddenFields(mirror);
  const withoutValue = await readFieldsWithoutValue(mirror);
  const objects = rows.map((row) => {
    const isOwn = ({ sobject }: { sobject: string }) => sobject === row.sobject;
    return {
      ...row,
      problems: problems.filter(isOwn),
      hidden_fields: hidden.filter(isOwn),
      fields_without_value: withoutValue.filter(isOwn),
    };
  });
  return { objects, now: await readNow(mirror) };
}

/** The server's time, in milliseconds since 1970. */
export const readNow = async (db: Tx): Promise<number> => timeOf(await readServerClock(db));

/** Why an object is stopped, in words for a user; null: it is not stopped. */
export function stopReasonOf({
  stop_code: code,
  stop_reason: because,
}: Pick<ObjectStatus, 'stop_code' | 'stop_reason'>): {
  code: string;
  says: string;
  next: string;
} | null {
  if (code === null) return null;
  const known = isFaultCode(code) ? faults[code] : undefined;
  // The values for the placeholders are not stored.
  const help = `lockstep help ${code}`;
  const unknown = `A newer Lockstep than this one explains it: ${help}`;
  const next = known?.next.includes('{') ? help : (known?.next ?? unknown);
  return { code, says: because ?? known?.title ?? '', next };
}
