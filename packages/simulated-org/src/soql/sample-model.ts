/**
 * For the tests of this room: a query as data, which can be written as SOQL and evaluated without reading any.
 * Paths are from the record that the query is about.
 */
import { unreachable } from '@lockstep/foundation/assert';
import type { FieldType } from '../schema/schema.ts';

export type Json = string | number | boolean | null;

export interface Model {
  sobject: string;
  /** `FROM`, where it is not the sobject: a relationship to children. */
  from: string;
  select: readonly string[];
  children: readonly Children[];
  where: ModelCondition | null;
  groups: Groups | null;
  orderBy: readonly Key[];
  limit: number | null;
  offset: number;
}

export interface Children {
  /** The field by which the children point to their record. */
  reference: string;
  query: Model;
}

export interface Groups {
  keys: readonly Named[];
  aggregates: readonly Named[];
  subtotals: 'ROLLUP' | 'CUBE' | null;
  having: ModelCondition | null;
}

/** A field, or a function of one, with the type of its value. */
export interface Operand {
  path: string;
  call: string | null;
  type: FieldType;
}

export interface Named extends Operand {
  alias: string;
}

export interface Key {
  by: Operand;
  descending: boolean;
  nulls: 'FIRST' | 'LAST' | null;
}

export type ModelCondition =
  | { kind: 'AND' | 'OR'; terms: readonly ModelCondition[] }
  | { kind: 'not'; term: ModelCondition }
  | { kind: 'compare'; left: Operand; operator: '=' | '!=' | '<' | '<=' | '>' | '>='; value: Json }
  | { kind: 'in'; left: Operand; isNegated: boolean; values: readonly Json[] }
  | { kind: 'like'; left: Operand; pattern: readonly ('%' | '_' | { text: string })[] }
  | { kind: 'includes'; left: Operand; isNegated: boolean; values: readonly (readonly string[])[] }
  | {
      kind: 'semi-join';
      path: string;
      isNegated: boolean;
      sobject: string;
      column: string;
      where: ModelCondition | null;
    };

export function textOf(query: Model): string {
  const { groups, orderBy, limit, offset } = query;
  const items = groups
    ? [...groups.keys, ...groups.aggregates].map((one) => `${operandText(one)} ${one.alias}`)
    : [...query.select, ...query.children.map((children) => `(${textOf(children.query)})`)];
  const keys = groups?.keys.map(operandText).join(', ') ?? '';
  const groupBy = groups?.subtotals ? `${groups.subtotals}(${keys})` : keys;
  return [
    `SELECT ${items.join(', ')} FROM ${query.from}`,
    query.where ? ` WHERE ${conditionText(query.where)}` : '',
    groupBy ? ` GROUP BY ${groupBy}` : '',
    groups?.having ? ` HAVING ${conditionText(groups.having)}` : '',
    orderBy.length > 0 ? ` ORDER BY ${orderBy.map(keyText).join(', ')}` : '',
    limit === null ? '' : ` LIMIT ${limit}`,
    offset === 0 ? '' : ` OFFSET ${offset}`,
  ].join('');
}

const operandText = ({ path, call }: Operand): string => (call === null ? path : `${call}(${path})`);

const keyText = ({ by, descending, nulls }: Key): string =>
  operandText(by) + (descending ? ' DESC' : '') + (nulls ? ` NULLS ${nulls}` : '');

function conditionText(condition: ModelCondition): string {
  switch (condition.kind) {
    case 'AND':
    case 'OR':
      return condition.terms.map(termText).join(` ${condition.kind} `);
    case 'not':
      return `NOT ${termText(condition.term)}`;
    case 'compare': {
      const { left, operator, value } = condition;
      return `${operandText(left)} ${operator} ${constantText(value, left.type)}`;
    }
    case 'in': {
      const { left, isNegated, values } = condition;
      const list = values.map((value) => constantText(value, left.type)).join(', ');
      return `${operandText(left)} ${isNegated ? 'NOT IN' : 'IN'} (${list})`;
    }
    case 'like': {
      const parts = condition.pattern.map((part) =>
        typeof part === 'string' ? part : escaped(part.text).replace(/[%_]/g, '\\$&'),
      );
      return `${operandText(condition.left)} LIKE '${parts.join('')}'`;
    }
    case 'includes': {
      const values = condition.values.map((entries) => `'${escaped(entries.join(';'))}'`);
      return `${operandText(condition.left)} ${condition.isNegated ? 'EXCLUDES' : 'INCLUDES'} (${values.join(', ')})`;
    }
    case 'semi-join': {
      const { path, isNegated, sobject, column, where } = condition;
      const inner = `SELECT ${column} FROM ${sobject}${where ? ` WHERE ${conditionText(where)}` : ''}`;
      return `${path} ${isNegated ? 'NOT IN' : 'IN'} (${inner})`;
    }
    default:
      return unreachable(condition);
  }
}

const termText = (condition: ModelCondition): string =>
  condition.kind === 'AND' || condition.kind === 'OR'
    ? `(${conditionText(condition)})`
    : conditionText(condition);

const escaped = (text: string): string =>
  text.replace(/[\\']/g, '\\$&').replaceAll('\n', '\\n').replaceAll('\r', '\\r');

/** Values are those that JSON answers hold: a datetime ends with +0000 there. */
function constantText(value: Json, type: FieldType): string {
  if (value === null || typeof value !== 'string') return String(value);
  if (type === 'datetime') return value.replace('+0000', 'Z');
  return type === 'date' || type === 'time' ? value : `'${escaped(value)}'`;
}
