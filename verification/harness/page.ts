import type { RecordId } from 'lockstep/core/ids';
import type { Page, Stamp } from 'lockstep/core/page';

export const lastId = '001000000000001AAA' as RecordId;

/** A page as far as a cursor looks at it: the number of records, the last one's position, and whether all came. */
export const pageWith = (
  count: number,
  { done = true, stamp = null }: { done?: boolean; stamp?: Stamp | null } = {},
): Page => ({
  records: '[]',
  count,
  last: count > 0 && stamp !== null ? { stamp, id: lastId } : null,
  lastId: count > 0 ? lastId : null,
  done,
  unstorable: [],
  nulsRemoved: 0,
});
