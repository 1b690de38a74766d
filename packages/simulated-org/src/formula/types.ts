import { type Sql, sql } from '@lockstep/foundation/sql';
import type { FieldDef, SObjectDef, SObjects } from '../schema/schema.ts';
import { FormulaError } from './errors.ts';

/** The types of a formula's parts, named as in Salesforce's messages. */
export type FormulaType =
  | 'Text'
  | 'Number'
  | 'Boolean'
  | 'Date'
  | 'DateTime'
  | 'Picklist'
  | 'MultiPicklist'
  | 'Null';

/**
 * A part of a formula that passed the type check. Its SQL is never null for text and booleans: a blank text is empty,
 * as everywhere in Salesforce's formulas.
 */
export interface Typed {
  type: FormulaType;
  sql(frame: Frame): Sql;
  at: number;
  /** The value of a text literal in the formula. */
  constant?: string;
  /** The name, if the part is a field. */
  field?: string;
}

/** The record that a formula is computed for, and the user. */
export interface Frame {
  /** The name of the record's row in SQL. */
  row: string;
  /** The row before the write; absent for a new record, and if nothing is written. */
  prior?: string;
  isNew?: boolean;
  userId?: string;
}

const sqlTypes: Record<FormulaType, Sql> = {
  Text: sql`text`,
  Number: sql`numeric`,
  Boolean: sql`boolean`,
  Date: sql`date`,
  DateTime: sql`timestamptz`,
  Picklist: sql`text`,
  MultiPicklist: sql`text`,
  Null: sql`text`,
};

/** The part as SQL of this type, also if it is the constant NULL. */
export function sqlAs(type: FormulaType, part: Typed, frame: Frame): Sql {
  if (part.type !== 'Null') return part.sql(frame);
  if (type === 'Text') return sql`''::text`;
  return type === 'Boolean' ? sql`false` : sql`NULL::${sqlTypes[type]}`;
}

/** @throws {@link FormulaError} if the part has none of the types; `of` is `function 'LEFT()'` */
export function expect(part: Typed, types: readonly FormulaType[], of: string): void {
  if (part.type === 'Null' || types.includes(part.type)) return;
  throw wrongType(part, types, of);
}

export function wrongType(part: Typed, types: readonly FormulaType[], of: string): FormulaError {
  if (part.field !== undefined && (part.type === 'Picklist' || part.type === 'MultiPicklist')) {
    const kind = part.type === 'Picklist' ? 'picklist' : 'multi-select picklist';
    const functions = part.type === 'Picklist' ? 'Picklist' : 'Multi-select picklist';
    return new FormulaError(
      `Field ${part.field} is a ${kind} field. ${functions} fields are only supported in certain functions.`,
      part.at,
    );
  }
  const expected = types.map(shown).join(', ');
  return new FormulaError(
    `Incorrect parameter type for ${of}. Expected ${expected}, received ${shown(part.type)}`,
    part.at,
  );
}

export const shown = (type: FormulaType): string => (type === 'MultiPicklist' ? 'Picklist' : type);

/** The one type of the parts, some of which may be NULL; text if all of them are. */
export function commonType(parts: readonly Typed[], of: string): FormulaType {
  const first = parts.find(({ type }) => type !== 'Null');
  if (!first) return 'Text';
  for (const part of parts) expect(part, [first.type], of);
  return first.type;
}

/**
 * Computes the parts once, as columns a, b, … of the row `v`: the planner would otherwise copy them into each use.
 */
export function once(parts: readonly Sql[], result: Sql): Sql {
  const names = [sql`a`, sql`b`, sql`c`];
  const [first = sql`NULL`, ...rest] = parts.map((part, index) => sql`${part} AS ${names[index] ?? sql`d`}`);
  const columns = rest.reduce((all, next) => sql`${all}, ${next}`, first);
  return sql`(SELECT ${result} FROM (SELECT ${columns} OFFSET 0) AS v)`;
}

/** What a formula depends on besides its own record. */
export interface FormulaReads {
  parents: boolean;
  time: boolean;
  user: boolean;
  /** The number of parts, including those of the formulas that it names. */
  size: number;
  /** The levels of parents, including those of the formulas that it names. */
  levels: number;
}

/** The context in which a formula is compiled. */
export interface FormulaScope {
  sobjects: SObjects;
  /** Rules may examine the write, and read long texts. */
  isRule: boolean;
  /** How blank numbers count. */
  blankAs: 'zero' | 'blank';
  /** The org's time. */
  now: Sql;
  /** A field with its own formula compiled. */
  linked(def: SObjectDef, field: FieldDef): FieldDef;
}

/** A formula during compilation, as its fields see it. */
export interface Compilation {
  readonly def: SObjectDef;
  readonly scope: FormulaScope;
  readonly reads: FormulaReads;
  /** Adds the dependencies of a formula that this one names. */
  include(inner: FormulaReads, levels: number): void;
  /** @throws {@link FormulaError} beyond the levels that a formula may follow */
  deepen(levels: number): void;
}
