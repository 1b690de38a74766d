/**
 * `/query?q=…&columns=true`: describes the columns of a query, without its records. Salesforce's command line
 * requests this before it prints a table. The shape is the one documented for the Tooling API; no recorded answers
 * confirm the `apexType` of the rarer types.
 */
import { type Answer, answer } from '../http/answer.ts';
import { childrenNamed, relationshipNamed } from '../schema/relationships.ts';
import {
  type FieldDef,
  type FieldType,
  fieldNamed,
  numberTypes,
  type SObjectDef,
  type SObjects,
} from '../schema/schema.ts';
import { type CompileContext, compileSoql, parseSoql, type Soql } from '../soql/index.ts';

interface Column {
  aggregate: boolean;
  apexType: string | null;
  booleanType: boolean;
  columnName: string;
  custom: boolean;
  displayName: string;
  foreignKeyName: string | null;
  insertable: boolean;
  joinColumns: Column[];
  numberType: boolean;
  textType: boolean;
  updatable: boolean;
}

export function queryColumns(soql: string, context: CompileContext): Answer {
  const query = parseSoql(soql);
  const compiled = compileSoql(query, context);
  const def = context.sobjects.get(query.from.name.toLowerCase());
  const columnMetadata = def ? columnsOf(query, def, context.sobjects) : [];
  return answer(200, {
    columnMetadata,
    entityName: compiled.sobject,
    groupBy: compiled.isGrouped,
    idSelected: columnMetadata.some(({ columnName }) => columnName === 'Id'),
    keyPrefix: def?.keyPrefix ?? null,
  });
}

function columnsOf(query: Soql, def: SObjectDef, sobjects: SObjects): Column[] {
  const columns: Column[] = [];
  let unnamed = 0;
  for (const item of query.fields) {
    if (item.kind === 'fields') {
      const custom = item.which === 'custom';
      for (const field of def.fields)
        if (item.which === 'all' || field.custom === custom) columns.push(columnOf(field));
    } else if (item.kind === 'children') {
      const child = childrenNamed(sobjects, def, item.query.from.name)?.child;
      columns.push(joined(item.query.from.name, true, child ? columnsOf(item.query, child, sobjects) : []));
    } else if (item.kind === 'typeof') {
      columns.push(joined(item.reference.name, false, []));
    } else if ('call' in item.expression) {
      const { call, field } = item.expression;
      const name = item.alias?.name ?? `expr${unnamed++}`;
      columns.push({ ...joined(name, true, []), displayName: `${call}(${field.name})` });
    } else {
      addPath(columns, def, item.expression.name.split('.'), sobjects);
    }
  }
  return columns;
}

/** The columns of one parent are grouped. */
function addPath(columns: Column[], def: SObjectDef, path: readonly string[], sobjects: SObjects): void {
  const [first = '', ...rest] = path;
  if (rest.length === 0) {
    const field = fieldNamed(def, first);
    columns.push(field ? columnOf(field) : joined(first, false, []));
    return;
  }
  const reference = relationshipNamed(def, first);
  // The field is prefixed with the sobject's name or alias.
  if (!reference) return addPath(columns, def, rest, sobjects);
  const name = reference.relationshipName ?? first;
  let parent = columns.find((column) => column.columnName === name && !column.aggregate);
  if (!parent) {
    parent = { ...joined(name, false, []), foreignKeyName: reference.name };
    columns.push(parent);
  }
  const [target] = (reference.referenceTo ?? []).flatMap((one) => sobjects.get(one.toLowerCase()) ?? []);
  if (target) addPath(parent.joinColumns, target, rest, sobjects);
}

const apexTypes: Partial<Record<FieldType, string>> = {
  id: 'Id',
  reference: 'Id',
  boolean: 'Boolean',
  int: 'Integer',
  long: 'Long',
  double: 'Double',
  currency: 'Double',
  percent: 'Double',
  date: 'Date',
  datetime: 'Datetime',
  time: 'Time',
  base64: 'Blob',
  address: 'Address',
  location: 'Location',
};

const columnOf = (field: FieldDef): Column => ({
  aggregate: false,
  apexType: apexTypes[field.type] ?? 'String',
  booleanType: field.type === 'boolean',
  columnName: field.name,
  custom: field.custom,
  displayName: field.name,
  foreignKeyName: null,
  insertable: field.createable,
  joinColumns: [],
  numberType: numberTypes.has(field.type),
  textType: apexTypes[field.type] === undefined,
  updatable: field.updateable,
});

/** A parent, a result of children, or the result of a function. */
const joined = (name: string, aggregate: boolean, joinColumns: Column[]): Column => ({
  aggregate,
  apexType: null,
  booleanType: false,
  columnName: name,
  custom: false,
  displayName: name,
  foreignKeyName: null,
  insertable: false,
  joinColumns,
  numberType: false,
  textType: false,
  updatable: false,
});
