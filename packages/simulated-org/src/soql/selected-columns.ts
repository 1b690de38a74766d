/** The SELECT list of a query as columns, for answers that have one value a field: the lines of a CSV. */

import type { Sql } from '@lockstep/foundation/sql';
import { type FieldType, isMade } from '../schema/schema.ts';
import { isCall, type Selected } from './ast.ts';
import { valueIn } from './call-value.ts';
import type { Scope } from './scope.ts';

export interface SelectedColumn {
  /** As the sobjects spell it, with the relationships to a parent: `Account.Owner.Name`. */
  name: string;
  type: FieldType;
  /** Of the scope's record, or of a parent that its FROM joins. */
  value: Sql;
  isNillable: boolean;
}

/** Values that are no line of text: FIELDS() leaves them out here, and who names one learns what is wrong with it. */
const structured: readonly FieldType[] = ['address', 'location', 'base64', 'anyType', 'json'];

/** Empty where the list has anything but values of the record and its parents, and for `SELECT COUNT()`. */
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
    isNillable: isNillable || isMade(field),
  };
}
