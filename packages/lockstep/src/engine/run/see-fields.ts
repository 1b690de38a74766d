/** Whether the sync's user may still see the fields that are read, and may see again those that were hidden. */
import type { Describe } from '../../core/describe.ts';
import type { FieldsSeen, Stream } from '../../postgres/index.ts';

/**
 * What has changed of a stream's fields. Fields that are new, or have another type, are left as they are.
 *
 * @returns null where nothing has
 */
export function fieldsSeen({ columns, hidden }: Stream, { fields }: Describe): FieldsSeen | null {
  const visible = new Set(fields.map(({ name }) => name));
  const seen: FieldsSeen = {
    hidden: columns.filter(({ field }) => !visible.has(field)).map(({ field }) => field),
    returned: hidden.filter(({ field }) => visible.has(field)).map(({ field }) => field),
  };
  return seen.hidden.length + seen.returned.length > 0 ? seen : null;
}
