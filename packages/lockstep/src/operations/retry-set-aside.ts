import type { Tx } from '@lockstep/foundation/database';
import { recordsMax } from '../contract/operations.ts';
import { type Control, makeSyncRequest, type Sync } from '../control/index.ts';
import { toRecordId } from '../core/ids.ts';
import { RequestError } from '../core/request-error.ts';
import { countSetAside, readSetAside } from '../postgres/index.ts';

/** A retry that was requested for `rows` of an object's `of` records. */
export interface Retried {
  sobject: string;
  rows: number;
  of: number;
  operation_id: string;
}

/**
 * Requests that records set aside are read again, up to {@link recordsMax} of each object. Those tried longest ago
 * come first, so that repeating this covers all of them.
 *
 * @param sobjects  null: all objects
 * @throws {@link RequestError} if no record is set aside
 */
export async function retrySetAside(
  control: Control,
  mirror: Tx,
  sync: Sync,
  sobjects: readonly string[] | null,
): Promise<Retried[]> {
  const groups = await countSetAside(mirror, sobjects);
  if (groups.length === 0) {
    const of = sobjects ? ` of ${sobjects.join(', ')}` : '';
    throw new RequestError(`${sync.name} has no records set aside${of}`, {
      kind: 'not found',
      next: 'lockstep objects set-aside',
    });
  }
  const retried: Retried[] = [];
  for (const [sobject, own] of Map.groupBy(groups, (group) => group.sobject)) {
    const records = await readSetAside(mirror, [sobject], recordsMax);
    const ids = records.flatMap(({ id }) => toRecordId(id) ?? []);
    const requestId = await makeSyncRequest(control, sync.id, { kind: 'refetch', objects: [sobject], ids });
    const of = own.reduce((sum, { rows }) => sum + rows, 0);
    retried.push({ sobject, rows: ids.length, of, operation_id: String(requestId) });
  }
  return retried;
}
