/** The columns of an object's table, as programs get them. */
import type { ColumnView } from '../contract/columns.ts';
import type { Control, Sync } from '../control/index.ts';
import { noValueBecause } from '../core/field-notes.ts';
import { inRfc3339 } from '../core/plain-words.ts';
import { type ColumnRow, readColumns } from '../postgres/index.ts';
import { chosenObjects } from './chosen-objects.ts';
import { withViews } from './open-mirror.ts';
import { readNow } from './read-objects.ts';

/**
 * @param named  the object, in any letter case
 * @throws RequestError if the sync does not mirror it; Fault `SYS-16`: its mirror is of an older version
 */
export async function columnsOf(control: Control, sync: Sync, named: string) {
  const [sobject = named] = chosenObjects(sync, [named]);
  return withViews(control, sync, async (mirror) => ({
    sobject,
    columns: (await readColumns(mirror, sync.destination.tableSchema, sobject)).map(columnView),
    as_of: new Date(await readNow(mirror)).toISOString(),
  }));
}

const columnView = (row: ColumnRow): ColumnView => ({
  column_name: row.column_name,
  column_type: row.column_type,
  field: row.field,
  field_type: row.field_type,
  is_formula: row.formula,
  refers_to: row.refers_to,
  state: stateOf(row),
  since: inRfc3339(row.hidden_since),
  replaces: row.replaces,
  note: noValueBecause(row.field_type),
});

function stateOf({ left_out: leftOut, is_filling: isFilling, hidden_since: since }: ColumnRow) {
  if (leftOut) return 'left out';
  if (isFilling) return 'filling';
  return since === null ? 'mirrored' : 'hidden';
}
