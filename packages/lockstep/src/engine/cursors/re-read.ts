import { assert } from '@lockstep/foundation/assert';
import { soqlIds } from '../../salesforce/index.ts';
import { absentIds } from '../run/page-ids.ts';
import { checkAt } from './checked.ts';
import { fieldsOf, idsThatFit, selectInFull } from './queries.ts';
import { type ReadingKind, withHeadroom } from './reading.ts';

/** Reads the marked records again. It has no cursor: the marks say what is left to read. */
export const reRead: ReadingKind = {
  kind: 're-read',
  activity: 're-read',
  purpose: 'repair',
  isShort: true,
  shape: () => 'full',
  prepare: ({ mirror, stream: { table, pageSizes }, slots, pageRows }) =>
    mirror
      .nextMarked(
        table.stream.streamNo,
        Math.min(withHeadroom(pageSizes.full.rows, pageRows), idsThatFit(fieldsOf(table.stream))),
      )
      .then((ids) => slots.map((slot) => ({ slot, ids }))),
  query({ stream, ids }) {
    assert(ids, 'a re-read asks for Ids that were looked up');
    const query = selectInFull(stream.table.stream, `Id IN ${soqlIds(ids)}`);
    return { ...query, limit: ids.length, includeDeleted: true };
  },
  step: ({ stream, ids = [], page, serverNow }) => ({
    moves: [],
    absent: absentIds(ids, page),
    check: checkAt(serverNow),
    after: stream,
  }),
  add: (slots, { index }) => slots.add({ kind: 're-read', index }),
};
