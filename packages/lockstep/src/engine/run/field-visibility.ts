/** Whether the sync's user still sees the fields that are read, and sees those again that were hidden. */
import type { Describe } from '../../core/describe.ts';
import type { FieldVisibilityChange, Stream } from '../../postgres/index.ts';

/**
 * Changes in the visibility of a stream's fields. New fields, and those with a changed type, are ignored.
 *
 * @returns null if nothing has changed
 */
export function fieldVisibilityChanges(
  { columns, hidden }: Stream,
  { fields }: Describe,
): FieldVisibilityChange | null {
  const visible = new Set(fields.map(({ name }) => name));
  const seen: FieldVisibilityChange = {
    hidden: columns.filter(({ field }) => !visible.has(field)).map(({ field }) => field),
    returned: hidden.filter(({ field }) => visible.has(field)).map(({ field }) => field),
  };
  return seen.hidden.length + seen.returned.length > 0 ? seen : null;
}
