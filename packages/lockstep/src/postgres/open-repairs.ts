import type { Tx } from '@lockstep/foundation/database';
import { sql } from '@lockstep/foundation/sql';

/** More are not counted: what a graph shows is whether they become more or fewer. */
const openRepairsMax = 10_000;

/** Records that are marked to be read again, without those on which a check or a person has yet to decide. */
export async function countOpenRepairs(db: Tx): Promise<number> {
  const [row] = await db.query<{ repairs: number }>(sql`
    SELECT count(*)::integer AS repairs
      FROM (SELECT FROM _lockstep.dirty WHERE reason NOT IN ('absent', 'kept') LIMIT ${openRepairsMax}) AS open`);
  return row?.repairs ?? 0;
}
