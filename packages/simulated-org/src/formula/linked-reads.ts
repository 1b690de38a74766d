import type { FieldDef } from '../schema/schema.ts';
import type { FormulaReads } from './types.ts';

/** What the formulas of the linked definitions depend on. */
const readsOf = new WeakMap<NonNullable<FieldDef['readAs']>, FormulaReads>();

export const keepReads = (readAs: NonNullable<FieldDef['readAs']>, reads: FormulaReads): void => {
  readsOf.set(readAs, reads);
};

/** Undefined for a field without a formula. */
export const readsOfFormula = (field: FieldDef): FormulaReads | undefined =>
  field.readAs && readsOf.get(field.readAs);
