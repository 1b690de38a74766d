import type { Tx } from '@lockstep/foundation/database';
import { sql } from '@lockstep/foundation/sql';

/** More are not counted: a graph only has to show whether the number rises or falls. */
const openRepairsMax = 10_000;

/** Records that are marked to be read again, without those that a check or a person has yet to decide on. */
export async function countOpenRepairs(db: Tx): Promise<number> {
  const [row] = await db.query<{ repairs: number }>(sql`
    SELECT count(*)::integer AS repairs
      FROM (SELECT FROM _lockstep.dirty WHERE reason NOT IN ('absent', 'kept') LIMIT ${openRepairsMax}) AS open`);
  return row?.repairs ?? 0;
}
