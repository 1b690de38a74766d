/**
 * For this room's tests: a query's meaning as a plain value, from the tree of either parser. Text is in lower case
 * where Salesforce ignores case.
 */
import type {
  FieldType,
  FunctionExp,
  HavingClause,
  OrderByClause,
  Query,
  Subquery,
  WhereClause,
} from '@jetstreamapp/soql-parser-js';
import { assert, unreachable } from '@lockstep/foundation/assert';
import {
  type Call,
  type Condition,
  type Expression,
  isCall,
  type Literal,
  type Period,
  type Selected,
  type Soql,
} from './ast.ts';

export interface NormalForm {
  select: readonly unknown[];
  from: string;
  scope: string | undefined;
  where: unknown;
  groups: readonly string[];
  subtotals: string | undefined;
  having: unknown;
  order: readonly string[];
  limit: number | undefined;
  offset: number;
  reason: string | undefined;
}

const lower = (text: string) => text.toLowerCase();

export function ours(query: Soql): NormalForm {
  return {
    select: query.isCount ? ['count()'] : query.fields.map(ourItem),
    from: [query.from.name, query.alias ?? []].flat().join(' '),
    scope: query.scope?.name,
    where: query.where ? ourCondition(query.where) : null,
    groups: query.groupBy.map(ourExpression),
    subtotals: query.subtotals ?? undefined,
    having: query.having ? ourCondition(query.having) : null,
    order: query.orderBy.map(({ expression, descending, nullsLast }) =>
      [ourExpression(expression), descending ? 'desc' : 'asc', nullsLast ? 'last' : 'first'].join(' '),
    ),
    limit: query.limit ?? undefined,
    offset: query.offset,
    reason: query.reasons[0],
  };
}

function ourItem(item: Selected): unknown {
  switch (item.kind) {
    case 'expression':
      return [ourExpression(item.expression), item.alias?.name ?? []].flat().join(' ');
    case 'fields':
      return `fields(${item.which})`;
    case 'children':
      return ours(item.query);
    case 'typeof': {
      const cases = item.cases.map(({ sobject, fields }) => [
        sobject.name,
        ...fields.map(({ name }) => name),
      ]);
      return [item.reference.name, ...cases, ['', ...(item.otherwise ?? []).map(({ name }) => name)]];
    }
    default:
      return unreachable(item);
  }
}

const ourExpression = (expression: Expression): string =>
  isCall(expression) ? ourCall(expression) : expression.name;

function ourCall({ call, field, inner, to }: Call): string {
  if (to) return `distance(${field.name},geolocation(${to.latitude},${to.longitude}),'${to.unit}')`;
  return `${call}(${inner ? ourCall(inner) : field.name})`;
}

function ourCondition(condition: Condition): unknown {
  switch (condition.kind) {
    case 'and':
    case 'or':
      return [condition.kind, ...condition.terms.map(ourCondition)];
    case 'not':
      return ['not', ourCondition(condition.term)];
    case 'comparison':
      return [ourExpression(condition.field), condition.operator, ourConstant(condition.value)];
    case 'membership': {
      const operator = condition.isNegated ? 'not in' : 'in';
      return [ourExpression(condition.field), operator, ...condition.values.map(ourConstant)];
    }
    case 'inclusion': {
      const operator = condition.isNegated ? 'excludes' : 'includes';
      return [condition.field.name, operator, ...condition.values.map(ourConstant)];
    }
    case 'semi-join':
      return [condition.field.name, condition.isNegated ? 'not in' : 'in', ours(condition.query)];
    default:
      return unreachable(condition);
  }
}

function ourConstant(value: Literal | Period): string {
  switch (value.kind) {
    case 'null':
      return 'null';
    case 'boolean':
      return String(value.value);
    case 'string':
      return `'${value.value}'`;
    case 'currency':
      return lower(value.code) + value.value;
    case 'period':
      return /_n_|_ago$/.test(value.value) || value.value.startsWith('n_')
        ? `${value.value}:${value.count}`
        : value.value;
    case 'number':
    case 'date':
    case 'datetime':
    case 'time':
      return value.value;
    default:
      return unreachable(value);
  }
}

export function theirs(query: Query | Subquery): NormalForm {
  const [groups, subtotals] = theirGroups(query);
  return {
    select: (query.fields ?? []).map(theirItem),
    from: [
      'relationshipName' in query ? query.relationshipName : (query.sObject ?? ''),
      query.sObjectAlias ?? [],
    ]
      .flat()
      .join(' '),
    scope: query.usingScope,
    where: query.where ? treeOf(tokensOf(query.where)) : null,
    groups,
    subtotals,
    having: query.having ? treeOf(tokensOf(query.having)) : null,
    order: [query.orderBy ?? []].flat().map(theirKey),
    limit: query.limit,
    offset: query.offset ?? 0,
    reason: query.for && lower(query.for),
  };
}

function theirItem(item: FieldType): unknown {
  switch (item.type) {
    case 'FieldSubquery':
      return theirs(item.subquery);
    case 'FieldTypeof': {
      const cases = item.conditions.map(({ objectType, fieldList }) => [objectType ?? '', ...fieldList]);
      return [item.field, ...cases];
    }
    case 'FieldFunctionExpression': {
      const call = theirCall(item);
      return [call.startsWith('fields(') ? lower(call) : call, item.alias ?? []].flat().join(' ');
    }
    case 'FieldRelationship':
      return item.rawValue ?? [...item.relationships, item.field].join('.');
    case 'Field':
      return [('rawValue' in item && item.rawValue) || item.field, item.alias ?? []].flat().join(' ');
    default:
      return unreachable(item);
  }
}

type TheirCall = Pick<FunctionExp, 'functionName' | 'parameters'>;

const theirCall = ({ functionName = '', parameters = [] }: TheirCall): string =>
  `${lower(functionName)}(${parameters.map((one) => (typeof one === 'string' ? one : theirCall(one))).join(',')})`;

function theirGroups({ groupBy }: Query | Subquery): [string[], string | undefined] {
  const all = [groupBy ?? []].flat();
  const [first] = all;
  const call = first && 'fn' in first ? lower(first.fn.functionName ?? '') : '';
  if (first && 'fn' in first && ['rollup', 'cube'].includes(call)) {
    return [(first.fn.parameters ?? []).map((one) => (typeof one === 'string' ? one : theirCall(one))), call];
  }
  return [all.map((group) => ('fn' in group ? theirCall(group.fn) : group.field)), undefined];
}

const theirKey = (key: OrderByClause): string =>
  ['fn' in key ? theirCall(key.fn) : key.field, lower(key.order ?? 'ASC'), lower(key.nulls ?? 'FIRST')].join(
    ' ',
  );

/** Their condition is a list from left to right, with the parentheses counted at its filters. */
type Token = '(' | ')' | 'not' | 'and' | 'or' | { filter: unknown };

function tokensOf(clause: WhereClause | HavingClause): Token[] {
  const tokens: Token[] = [];
  const { left } = clause;
  for (let i = 0; i < (left?.openParen ?? 0); i += 1) tokens.push('(');
  if (left && 'operator' in left) {
    tokens.push({ filter: theirFilter(left) });
    for (let i = 0; i < (left.closeParen ?? 0); i += 1) tokens.push(')');
  }
  if (!('operator' in clause)) return tokens;
  return [...tokens, lower(clause.operator) as Token, ...tokensOf(clause.right)];
}

type Filter = Extract<NonNullable<WhereClause['left']>, { operator: unknown }>;

function theirFilter(filter: Filter): unknown {
  const field = 'fn' in filter ? theirCall(filter.fn) : filter.field;
  const operator = filter.operator === ('<>' as string) ? '!=' : lower(filter.operator);
  if ('valueQuery' in filter) return [field, operator, theirs(filter.valueQuery)];
  return [field, operator, ...[filter.value].flat().map(theirConstant)];
}

function theirConstant(text: string): string {
  if (/^\d{4}-\d\d-\d\dT/.test(text)) return new Date(text).toISOString();
  if (!text.startsWith("'")) return lower(text);
  return text.replace(/\\(.)/g, (_all, letter: string) => (letter === 'n' ? '\n' : letter));
}

/** The list as a tree: NOT binds to the next term, AND and OR do not mix without parentheses. */
function treeOf(tokens: Token[]): unknown {
  let at = 0;
  const term = (): unknown => {
    const token = tokens[at];
    at += 1;
    if (token === 'not') return ['not', term()];
    if (token === '(') {
      const inner = junction();
      assert(tokens[at] === ')', 'every parenthesis is closed');
      at += 1;
      return inner;
    }
    assert(typeof token === 'object', 'a term is a filter');
    return token.filter;
  };
  const junction = (): unknown => {
    const terms = [term()];
    const kind = tokens[at];
    if (kind !== 'and' && kind !== 'or') return terms[0];
    while (tokens[at] === kind) {
      at += 1;
      terms.push(term());
    }
    return [kind, ...terms];
  };
  const tree = junction();
  assert(at === tokens.length, 'AND and OR do not mix');
  return tree;
}
