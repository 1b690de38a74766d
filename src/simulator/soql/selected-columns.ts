/** The SELECT list of a query as columns, for answers that have one value a field: the lines of a CSV. */
import type { Sql } from '../../lib/sql.ts';
import type { FieldType } from '../schema.ts';
import { isCall } from './ast.ts';
import { columnOf } from './columns.ts';
import type { Scope } from './scope.ts';

export interface SelectedColumn {
  name: string;
  type: FieldType;
  /** Over the row that the columns were asked for. */
  value: Sql;
}

/** Empty where the list has anything but fields of the record itself, and for `SELECT COUNT()`. */
export function selectedColumns(scope: Scope, row: string): readonly SelectedColumn[] {
  const columns: SelectedColumn[] = [];
  for (const item of scope.query.fields) {
    if (item.kind !== 'expression' || isCall(item.expression)) return [];
    const { path, field } = scope.find(item.expression);
    if (path.length > 0) return [];
    columns.push({ name: field.name, type: field.type, value: columnOf(field, row) });
  }
  return columns;
}
