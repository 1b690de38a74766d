/** How the fields of an object that are read differ from those that can be and shall be. */
import type { Describe } from '../../core/describe.ts';
import { type FieldChoice, fieldChoiceKey, withoutLeftOut } from '../../core/field-choice.ts';
import { changesNothing, type FieldChange, planTable, type Stream } from '../../postgres/index.ts';
import type { SyncState } from './sync-state.ts';

/**
 * Fields that cannot be seen are hidden, those that a person leaves out are left out, and all others are read; those
 * without a column get one. Fields with a changed type are ignored.
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
  const change: FieldChange = {
    hidden: columns.filter(isHidden).map(({ field }) => field),
    leftOut: [...columns, ...hidden].filter(isLeftOut).map(({ field }) => field),
    returned: [...hidden, ...leftOut].filter(({ field }) => read.has(field)).map(({ field }) => field),
    added: planTable(wanted, new Set(), kept).columns.filter(({ field }) => !kept.has(field)),
    describedFor: fieldChoiceKey(choice),
    described,
  };
  return changesNothing(change) && stream.describedFor === change.describedFor ? null : change;
}

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
