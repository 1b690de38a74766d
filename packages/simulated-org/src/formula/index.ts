/**
 * Salesforce's formula language: text to tree, tree to SQL. Used for formula fields, roll-up filters, validation
 * rules and triggers.
 */
export { clockValue } from './clock-value.ts';
export { type CompiledFormula, compileFormula } from './compile.ts';
export { FormulaError } from './errors.ts';
export { formulaTypes } from './fields.ts';
export { boundToUser, linkFormulas } from './link.ts';
export { readsOfFormula } from './linked-reads.ts';
export { type FormulaReads, type FormulaScope, type FormulaType, type Frame, sqlAs } from './types.ts';
