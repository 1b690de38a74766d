/**
 * A parsed query. Names are as written and not yet resolved; `at` is the offset of the first character in the query's
 * text, for error messages.
 */
export interface Soql {
  text: string;
  /** `SELECT COUNT()`: no fields, the answer is only the number. */
  isCount: boolean;
  fields: readonly Selected[];
  /** An sobject; in a subquery of SELECT the name of a child relationship. */
  from: Name;
  alias: string | null;
  /** `FROM Contact c, c.Account a`: aliases for parents. */
  joins: readonly Join[];
  /** USING SCOPE. */
  scope: Name | null;
  where: Condition | null;
  groupBy: readonly Expression[];
  /** GROUP BY ROLLUP and CUBE: which subtotals are added to the groups. */
  subtotals: 'rollup' | 'cube' | null;
  having: Condition | null;
  orderBy: readonly SortKey[];
  limit: number | null;
  offset: number;
  /** ALL ROWS: deleted records too. */
  allRows: boolean;
  /** FOR VIEW, FOR REFERENCE, FOR UPDATE. */
  reasons: readonly Reason[];
}

export type Reason = 'view' | 'reference' | 'update';

/** A path of relationships, which may begin with another alias, and the alias for where it leads. */
export interface Join {
  path: Name;
  alias: string;
}

/** A field path such as `Name` or `Account.Name`, or the name of an sobject. */
export interface Name {
  name: string;
  at: number;
}

/** `CALENDAR_YEAR(CreatedDate)`, `MAX(Amount)`. The name is in lower case. */
export interface Call {
  call: string;
  /** The field in the innermost parentheses. */
  field: Name;
  at: number;
  /** `FORMAT(MAX(Amount))`: the inner call, in place of a field. */
  inner?: Call;
  /** `DISTANCE(Place__c, GEOLOCATION(37.7, -122.4), 'mi')`: the second place, in degrees as written. */
  to?: { latitude: string; longitude: string; unit: 'mi' | 'km' };
}

export type Expression = Name | Call;

export const isCall = (expression: Expression): expression is Call => 'call' in expression;

/** One item of a SELECT list. */
export type Selected =
  | { kind: 'expression'; expression: Expression; alias: Name | null }
  | { kind: 'children'; query: Soql }
  | { kind: 'fields'; which: 'all' | 'standard' | 'custom'; at: number }
  | TypeOf;

/** `TYPEOF Owner WHEN User THEN Name ELSE Id END`. */
export interface TypeOf {
  kind: 'typeof';
  reference: Name;
  cases: readonly { sobject: Name; fields: readonly Name[] }[];
  otherwise: readonly Name[] | null;
}

export interface SortKey {
  expression: Expression;
  descending: boolean;
  nullsLast: boolean;
}

export type Condition =
  | Junction
  | { kind: 'not'; term: Condition }
  | Comparison
  | Membership
  | Inclusion
  | SemiJoin;

export interface Junction {
  kind: 'and' | 'or';
  terms: readonly Condition[];
}

export type ComparisonOperator = '=' | '!=' | '<' | '<=' | '>' | '>=' | 'like';

export interface Comparison {
  kind: 'comparison';
  field: Expression;
  operator: ComparisonOperator;
  value: Literal | Period;
}

/** `IN (…)` and `NOT IN (…)`. */
export interface Membership {
  kind: 'membership';
  field: Expression;
  isNegated: boolean;
  values: readonly (Literal | Period)[];
}

/** `INCLUDES (…)` and `EXCLUDES (…)`: each value is one or more entries of a picklist, joined by semicolons. */
export interface Inclusion {
  kind: 'inclusion';
  field: Name;
  isNegated: boolean;
  values: readonly Literal[];
}

/** `Id IN (SELECT AccountId FROM Contact)`, and the anti-join with NOT IN. */
export interface SemiJoin {
  kind: 'semi-join';
  field: Name;
  isNegated: boolean;
  at: number;
  query: Soql;
}

/**
 * A constant. A number keeps its digits as written; a datetime is normalised to UTC; `pattern` is the text for LIKE,
 * in which escaped `%`, `_` and `\` keep a backslash in front; the currency code of an amount such as `USD500` is in
 * capitals.
 */
export type Literal =
  | { kind: 'string'; value: string; pattern: string }
  | { kind: 'number' | 'date' | 'datetime' | 'time'; value: string }
  | { kind: 'currency'; value: string; code: string }
  | { kind: 'boolean'; value: boolean }
  | { kind: 'null' };

/** A date literal such as `LAST_N_DAYS:3`, in lower case: whole days, relative to the time of the query. */
export interface Period {
  kind: 'period';
  value: string;
  count: number;
}
