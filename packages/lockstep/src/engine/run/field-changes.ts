/** How the fields of an object that are read differ from those that can be and shall be. */
import type { Describe } from '../../core/describe.ts';
import { type FieldChoice, fieldChoiceKey, withoutLeftOut } from '../../core/field-choice.ts';
import {
  type ColumnPlan,
  changesNothing,
  type FieldChange,
  planTable,
  type Stream,
} from '../../postgres/index.ts';
import type { SyncState } from './sync-state.ts';

/**
 * Fields that cannot be seen are hidden, those that a person leaves out are left out, and all others are read; those
 * without a column get one, and those whose type needs another kind of column get another one.
 *
 * @returns null if nothing has changed
 */
export function fieldChanges(stream: Stream, described: Describe, choice: FieldChoice): FieldChange | null {
  const { columns, hidden, leftOut } = stream;
  const wanted = withoutLeftOut(described, choice.leftOut);
  const visible = new Set(described.fields.map(({ name }) => name));
  const read = new Set(wanted.fields.map(({ name }) => name));
  const isLeftOut = ({ field }: { field: string }) => visible.has(field) && !read.has(field);
  const isHidden = ({ field }: { field: string }) => !visible.has(field);
  const known = [...columns, ...hidden, ...leftOut];
  const kept = new Map(known.map(({ field, column }) => [field, column]));
  const planned = planTable(wanted, new Set(), kept).columns;
  const before = new Map(known.map((column) => [column.field, column]));
  const changed = planned.flatMap((now) => {
    const was = before.get(now.field);
    return was && !isSame(was, now) ? [{ was, now }] : [];
  });
  const isRetyped = ({ was, now }: { was: ColumnPlan; now: ColumnPlan }) =>
    was.sqlType !== now.sqlType || was.byBytes !== now.byBytes;
  const change: FieldChange = {
    hidden: columns.filter(isHidden).map(({ field }) => field),
    leftOut: [...columns, ...hidden].filter(isLeftOut).map(({ field }) => field),
    returned: [...hidden, ...leftOut].filter(({ field }) => read.has(field)).map(({ field }) => field),
    renamed: [],
    added: planned.filter(({ field }) => !kept.has(field)),
    retyped: changed.filter(isRetyped).map(({ now }) => now),
    adjusted: changed.filter((one) => !isRetyped(one)).map(({ now }) => now),
    refilled: changed.filter((one) => !isRetyped(one) && hasOtherValues(one)).map(({ now }) => now.field),
    describedFor: fieldChoiceKey(choice),
    described,
  };
  return changesNothing(change) && stream.describedFor === change.describedFor ? null : change;
}

const isSame = (was: ColumnPlan, now: ColumnPlan): boolean =>
  was.fieldType === now.fieldType &&
  was.formula === now.formula &&
  (was.formulaText ?? null) === (now.formulaText ?? null) &&
  was.isDetail === now.isDetail &&
  was.refersTo.toSorted().join() === now.refersTo.toSorted().join();

/**
 * A field that becomes a formula, or has another formula, has other values in all records, and no stamp shows it. Of a
 * formula that was not known before there is nothing to compare with.
 */
const hasOtherValues = ({ was, now }: { was: ColumnPlan; now: ColumnPlan }): boolean =>
  was.formula !== now.formula || (typeof was.formulaText === 'string' && was.formulaText !== now.formulaText);

/** An object is described again if that was last done for other fields, or in another version of the API. */
export function withFieldChoice(state: SyncState, choice: FieldChoice): SyncState {
  const key = fieldChoiceKey(choice);
  // Of a table that an earlier version has made it is not known.
  const isStale = ({ describedFor }: Stream) =>
    describedFor === null ? choice.leftOut.length > 0 : describedFor !== key;
  if (!state.streams.some(({ table, describe }) => isStale(table.stream) && !describe.isDue)) return state;
  const streams = state.streams.map((one) =>
    isStale(one.table.stream) ? { ...one, describe: { ...one.describe, isDue: true } } : one,
  );
  return { ...state, streams };
}
