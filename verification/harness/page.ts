import type { RecordId } from 'lockstep/core/ids';
import type { Page, Stamp } from 'lockstep/core/page';

export const lastId = '001000000000001AAA' as RecordId;

/** An answer of so many records, as far as a cursor looks at it: their number, the last one's place, and whether all came. */
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
