/**
 * A parsed query. Names are as written and not yet looked up; `at` is the offset of the first character in the
 * query's text, for error messages.
 */
export interface Soql {
  text: string;
  /** `SELECT COUNT()`: no fields, the answer is the number alone. */
  isCount: boolean;
  fields: readonly Name[];
  from: Name;
  alias: string | null;
  where: Condition | null;
  orderBy: readonly SortKey[];
  limit: number | null;
  offset: number;
  /** ALL ROWS: deleted records too. */
  allRows: boolean;
}

/** A field path such as `Name` or `Account.Name`, or the name of an sobject. */
export interface Name {
  name: string;
  at: number;
}

export interface SortKey extends Name {
  descending: boolean;
  nullsLast: boolean;
}

export type Condition = Junction | { kind: 'not'; term: Condition } | Comparison | Membership;

export interface Junction {
  kind: 'and' | 'or';
  terms: readonly Condition[];
}

export type ComparisonOperator = '=' | '!=' | '<' | '<=' | '>' | '>=' | 'like';

export interface Comparison {
  kind: 'comparison';
  field: Name;
  operator: ComparisonOperator;
  value: Literal;
}

/** `IN (…)` and `NOT IN (…)`. */
export interface Membership {
  kind: 'membership';
  field: Name;
  isNegated: boolean;
  values: readonly Literal[];
}

/**
 * A constant. A number keeps the digits it was written with; a datetime is normalised to UTC; `pattern` is the
 * text for LIKE, in which `%`, `_` and `\` that were escaped stand behind a backslash.
 */
export type Literal =
  | { kind: 'string'; value: string; pattern: string }
  | { kind: 'number' | 'date' | 'datetime' | 'time'; value: string }
  | { kind: 'boolean'; value: boolean }
  | { kind: 'null' };
