/** Fields and objects that an administrator has renamed, recognised by their durable Ids. */
import type { ColumnPlan, FieldChange, Stream } from '../../postgres/index.ts';

/** Whether fields that are gone could be those that are new. Only fields whose Ids are known can be recognised. */
export const mayBeRenamed = (stream: Stream, change: FieldChange): boolean =>
  change.added.length > 0 && goneFields(stream, change).length > 0;

/**
 * The same change, with fields taken for renamed ones whose durable Ids say so.
 *
 * @param ids  of the fields as they are now, by name
 */
export function withRenamed(
  stream: Stream,
  change: FieldChange,
  ids: ReadonlyMap<string, string>,
): FieldChange {
  const gone = new Map(
    goneFields(stream, change).map((column) => [stream.durableIds.get(column.field), column]),
  );
  const renamed = change.added.flatMap((now) => {
    const was = gone.get(ids.get(now.field) ?? '');
    return was ? [{ was, to: { ...now, column: was.column } }] : [];
  });
  const from = new Set(renamed.map(({ was }) => was.field));
  const to = new Set(renamed.map((one) => one.to.field));
  const wasHidden = new Set(stream.hidden.map(({ field }) => field));
  return {
    ...change,
    hidden: change.hidden.filter((field) => !from.has(field)),
    added: change.added.filter(({ field }) => !to.has(field)),
    renamed: renamed.map((one) => ({ from: one.was.field, to: one.to })),
    returned: [
      ...change.returned,
      ...renamed.flatMap((one) => (wasHidden.has(one.was.field) ? [one.to.field] : [])),
    ],
    retyped: [...change.retyped, ...renamed.filter(needsAnotherColumn).map((one) => one.to)],
  };
}

const needsAnotherColumn = ({ was, to }: { was: ColumnPlan; to: ColumnPlan }): boolean =>
  was.sqlType !== to.sqlType || was.byBytes !== to.byBytes;

/** Gone now, or hidden since earlier. */
function goneFields({ columns, hidden, durableIds }: Stream, change: FieldChange): readonly ColumnPlan[] {
  const gone = new Set(change.hidden);
  return [...columns.filter(({ field }) => gone.has(field)), ...hidden].filter(({ field }) =>
    durableIds.has(field),
  );
}
