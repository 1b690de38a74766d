/** The SELECT list of a query as columns, for answers with one value per field: the lines of a CSV file. */

import type { Sql } from '@lockstep/foundation/sql';
import { type FieldType, isComputed } from '../schema/schema.ts';
import { isCall, type Selected } from './ast.ts';
import { valueIn } from './call-value.ts';
import type { Scope } from './scope.ts';

export interface SelectedColumn {
  /** As the sobjects spell it, with the relationships to a parent: `Account.Owner.Name`. */
  name: string;
  type: FieldType;
  /** A value of the scope's record, or of a parent that its FROM joins. */
  value: Sql;
  isNillable: boolean;
}

/**
 * Values that do not fit a line of text: FIELDS() leaves them out here, and naming one gives an error that says so.
 */
const structured: readonly FieldType[] = ['address', 'location', 'base64', 'anyType', 'json'];

/** Empty if the list has anything but values of the record and its parents, and for `SELECT COUNT()`. */
export function selectedColumns(scope: Scope): readonly SelectedColumn[] {
  const columns = scope.query.fields.map((item) => columnsOf(scope, item));
  return columns.some((some) => some.length === 0) ? [] : columns.flat();
}

function columnsOf(scope: Scope, item: Selected): SelectedColumn[] {
  if (item.kind === 'fields') {
    const { at, which } = item;
    return scope.def.fields
      .filter(
        ({ custom, type }) =>
          !structured.includes(type) && (which === 'all' || custom === (which === 'custom')),
      )
      .map(({ name }) => columnOf(scope, { name, at }));
  }
  if (item.kind !== 'expression') return [];
  const { expression, alias } = item;
  if (!isCall(expression)) return [columnOf(scope, expression)];
  const { isAggregate, type, sql: value } = valueIn(scope, expression);
  const name = alias?.name ?? expression.field.name;
  return isAggregate ? [] : [{ name, type, value, isNillable: true }];
}

function columnOf(scope: Scope, expression: { name: string; at: number }): SelectedColumn {
  const { path, field } = scope.find(expression);
  const { sql: value, isNillable } = valueIn(scope, expression);
  const steps = path.map(({ reference }) => reference.relationshipName ?? reference.name);
  return {
    name: [...steps, field.name].join('.'),
    type: field.type,
    value,
    isNillable: isNillable || isComputed(field),
  };
}
