/** The SQL of a function call on a field, and where a query may use it. */
import { unreachable } from '@lockstep/foundation/assert';
import { ident, literal, type Sql, sql } from '@lockstep/foundation/sql';
import { type FieldDef, fieldNamed } from '../schema/schema.ts';
import { recordsOf } from '../schema/storage.ts';
import { type Call, type Expression, isCall } from './ast.ts';
import { columnOf, factsOf, isAggregatable } from './columns.ts';
import { displayed } from './display.ts';
import { verbatim } from './fragments.ts';
import { aggregate, type Computed, dateFunction, kindOf } from './functions.ts';
import { comparable, type Scope, type Value } from './scope.ts';

/** An expression as a value in the query's record. */
export const valueIn = (scope: Scope, expression: Expression): Value =>
  isCall(expression) ? callValue(scope, expression) : scope.fieldValue(expression);

/** @throws {@link SoqlError} for a function that does not take the field, or that must be inside another one */
function callValue(scope: Scope, call: Call): Value {
  const kind = kindOf(call.call);
  switch (kind) {
    case 'distance':
      return distanceValue(scope, call);
    case 'zone': {
      const reason = 'convertTimezone() can only be used inside a date function';
      throw scope.refuse(call.at, 'MALFORMED_QUERY', reason);
    }
    case 'grouping': {
      const over = valueIn(scope, call.field);
      const made: Computed = { sql: sql`GROUPING(${comparable(over)})`, type: 'int' };
      return { ...valueOf(call, over, made), isNillable: false, isGroupable: false, isAggregate: true };
    }
    case 'display': {
      const over = call.inner ? callValue(scope, call.inner) : valueIn(scope, call.field);
      const value = valueOf(call, over, shownBy(scope, call, over));
      const isFilterable = call.call === 'tolabel';
      const isAggregate = over.isAggregate;
      return { ...value, isFilterable, isSortable: false, isGroupable: false, isAggregate };
    }
    case 'aggregate': {
      const over = valueIn(scope, call.field);
      const takes = isAggregatable(scope.find(call.field).field);
      const made = takes ? aggregate(call.call, over.type, over.sql) : null;
      const value = valueOf(call, over, made ?? refuse(scope, call, over));
      return { ...value, isGroupable: false, isAggregate: true };
    }
    case 'date': {
      const over = valueIn(scope, call.field);
      const isLocal = call.inner !== undefined;
      const zone = isLocal ? zoneOf(scope) : sql`'UTC'`;
      const takes = !isLocal || over.type === 'datetime';
      const made = takes ? dateFunction(call.call, over.type, over.sql, zone) : null;
      return valueOf(call, over, made ?? refuse(scope, call, over));
    }
    default:
      return unreachable(kind);
  }
}

/** A record's field as display functions format it. */
export function shownFor(scope: Scope, call: Call, field: FieldDef, column: Sql): Computed {
  const plain: Computed = { sql: column, type: field.type };
  return shownBy(scope, call, call.inner ? shownFor(scope, call.inner, field, column) : plain);
}

function shownBy(scope: Scope, call: Call, value: Computed): Computed {
  const { field } = scope.find(call.field);
  const made = displayed(call.call, { ...value, scale: field.scale ?? 2 }, zoneOf(scope));
  return made ?? refuse(scope, call, field);
}

function valueOf({ call, at }: Call, over: Value, made: Computed): Value {
  return {
    ...over,
    ...made,
    facts: factsOf(made.type),
    name: `${call.toUpperCase()}(${over.name})`,
    at,
    isNillable: true,
    isFilterable: true,
    isSortable: true,
    isGroupable: true,
    isAggregate: false,
    field: null,
  };
}

function refuse(scope: Scope, { call, field }: Call, over: { name: string }): never {
  const isAggregate = kindOf(call) === 'aggregate';
  const reason = `field ${over.name} does not support ${isAggregate ? 'aggregate operator' : 'function'} ${call.toUpperCase()}`;
  throw scope.refuse(field.at, isAggregate ? 'MALFORMED_QUERY' : 'INVALID_FIELD', reason);
}

/**
 * The time zone of the user who asks. A constant, because a grouped expression must have the same text wherever it
 * is used.
 */
function zoneOf({ session }: Scope): Sql {
  const { userId, sobjects } = session.context;
  const user = sobjects.get('user');
  const zone = user && fieldNamed(user, 'TimeZoneSidKey');
  if (!zone || userId === undefined) return sql`'UTC'`;
  const found = sql`SELECT ${columnOf(zone, 'u')} FROM ${recordsOf(user)} u WHERE ${ident('u', 'Id')} = ${literal(userId)}`;
  return sql`coalesce((${found}), 'UTC')`;
}

/** The Earth taken as a sphere; which radius Salesforce uses is not documented. */
const radius = { km: '6371.0088', mi: '3958.7613' };

/** By the haversine formula, from the record's location to a given one. Null if the record has none. */
function distanceValue(scope: Scope, { call, field: name, at, to }: Call): Value {
  const over = valueIn(scope, name);
  const { def, row } = scope.owner(name);
  const parts = scope.find(name).field.parts ?? [];
  const part = (ending: RegExp) => {
    const found = parts.find((one) => ending.test(one));
    return found === undefined ? undefined : fieldNamed(def, found);
  };
  const [latitude, longitude] = [part(/latitude(__s)?$/i), part(/longitude(__s)?$/i)];
  if (!to || !latitude || !longitude) throw refuse(scope, { call, field: name, at }, over);
  const [y1, x1] = [latitude, longitude].map((field) => sql`radians(${columnOf(field, row)}::float8)`);
  const [y2, x2] = [to.latitude, to.longitude].map((text) => sql`radians(${text}::float8)`);
  const a = sql`(sin((${y2} - ${y1}) / 2) ^ 2 + cos(${y1}) * cos(${y2}) * sin((${x2} - ${x1}) / 2) ^ 2)`;
  const made = sql`(2 * ${verbatim(radius[to.unit])}::float8 * asin(least(1, sqrt(${a}))))`;
  return {
    ...valueOf({ call, field: name, at }, over, { sql: made, type: 'double' }),
    operators: ['<', '>'],
  };
}
