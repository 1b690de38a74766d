import type { Tx } from '@lockstep/foundation/database';
import type { Stamp, Writer } from '../org.ts';
import type { SObjectDef } from '../schema/schema.ts';

/**
 * What an sobject does when one of its records is written: it fills in fields, refuses invalid changes, and writes
 * the rows that follow from the change.
 */
export interface Write {
  tx: Tx;
  by: Writer;
  def: SObjectDef;
  stamp: Stamp;
  id: string;
  /** The old values of the columns in `reads`; null for a create. */
  before: Values | null;
  /** The values about to be stored. */
  columns: Map<string, unknown>;
}

export type Values = Readonly<Record<string, string | number | boolean | null | undefined>>;

export interface Behaviour {
  /** The columns that it needs besides those that are written. */
  reads: readonly string[];
  /** Before the row is stored: changes `columns`. */
  fill?(write: Write): Promise<void> | void;
  /** After the row was stored: `after` has the columns of `reads`. */
  follow?(write: Write, after: Values): Promise<void>;
}

/** The value that a column will have. */
export const willBe = ({ columns, before }: Pick<Write, 'columns' | 'before'>, name: string): unknown =>
  columns.has(name) ? columns.get(name) : (before?.[name] ?? null);

/** Whether the write changes the column to this value. */
export const becomes = (write: Write, name: string, value: unknown): boolean =>
  write.columns.get(name) === value && write.before?.[name] !== value;

/** A column's value if it is text. */
export const textOf = (value: unknown): string | null => (typeof value === 'string' ? value : null);
