import type { Clock } from '@lockstep/foundation/clock';
import { type Sql, sql } from '@lockstep/foundation/sql';
import type { FieldDef, SObjectDef, SObjects } from '../schema/schema.ts';
import { clockValue } from './clock-value.ts';
import { type CompiledFormula, compileFormula } from './compile.ts';
import { FormulaError } from './errors.ts';
import { keepReads, readsOfFormula } from './linked-reads.ts';
import { incompatible } from './operators.ts';
import { type FormulaScope, type FormulaType, type Frame, shown, sqlAs } from './types.ts';

/** The types that a formula field may have, and the type that its formula must have. */
const resultTypes: Partial<Record<FieldDef['type'], FormulaType>> = {
  string: 'Text',
  boolean: 'Boolean',
  double: 'Number',
  currency: 'Number',
  percent: 'Number',
  date: 'Date',
  datetime: 'DateTime',
};

/**
 * Compiles the formulas of all definitions, which may name each other, and gives each formula field the function that
 * reads it. Definitions without formulas stay the same objects.
 *
 * @throws {@link FormulaError} for an invalid formula, and for formulas that name each other in a circle
 */
export function linkFormulas(sobjects: SObjects, clock: Clock): SObjects {
  const linked = new Map<FieldDef, FieldDef | 'in progress'>();
  const now = clockValue(clock);
  const link = (def: SObjectDef, field: FieldDef): FieldDef => {
    if (field.formula === undefined) return field;
    const known = linked.get(field);
    if (known === 'in progress')
      throw new FormulaError(`The formula of ${def.name}.${field.name} refers to itself.`);
    if (known) return known;
    linked.set(field, 'in progress');
    const scope: FormulaScope = {
      sobjects,
      isRule: false,
      blankAs: field.blankAs ?? 'zero',
      now,
      linked: link,
    };
    const result = withReader(field, compiledField(field, def, scope));
    linked.set(field, result);
    return result;
  };
  const defs = [...sobjects].map(([key, def]): [string, SObjectDef] => [
    key,
    def.fields.some(({ formula }) => formula !== undefined)
      ? { ...def, fields: def.fields.map((field) => link(def, field)) }
      : def,
  ]);
  return new Map(defs);
}

function compiledField(field: FieldDef, def: SObjectDef, scope: FormulaScope): CompiledFormula {
  const wanted = resultTypes[field.type];
  if (!wanted) throw new FormulaError(`A field of type ${field.type} cannot be a formula.`);
  const compiled = compileFormula(field.formula ?? '', def, scope);
  if (compiled.type !== wanted && compiled.type !== 'Null') throw incompatible(shown(compiled.type), wanted);
  return compiled;
}

function withReader(field: FieldDef, compiled: CompiledFormula): FieldDef {
  const readAs = (row: string, userId?: string): Sql =>
    resultOf(field, compiled, { row, ...(userId !== undefined && { userId }) });
  keepReads(readAs, compiled.reads);
  return { ...field, readAs };
}

/** The value as the field stores it: blank text is null, and 0.2 in a percent field is 20. */
function resultOf(field: FieldDef, compiled: CompiledFormula, frame: Frame): Sql {
  const type = resultTypes[field.type] ?? 'Text';
  const value = sqlAs(type, compiled, frame);
  if (type === 'Text') return sql`nullif(${value}, '')`;
  return field.type === 'percent' ? sql`(${value} * 100)` : sql`(${value})`;
}

/** The definitions with the user inserted into formulas that ask who reads; the same map if none does. */
export function boundToUser(sobjects: SObjects, userId: string): SObjects {
  const asks = (field: FieldDef) => readsOfFormula(field)?.user === true;
  const all = [...sobjects];
  if (!all.some(([, def]) => def.fields.some(asks))) return sobjects;
  return new Map(
    all.map(([key, def]): [string, SObjectDef] => [
      key,
      def.fields.some(asks) ? { ...def, fields: def.fields.map((field) => bound(field, userId)) } : def,
    ]),
  );
}

function bound(field: FieldDef, userId: string): FieldDef {
  const { readAs } = field;
  const reads = readsOfFormula(field);
  if (!readAs || !reads?.user) return field;
  const ofUser = (row: string): Sql => readAs(row, userId);
  keepReads(ofUser, reads);
  return { ...field, readAs: ofUser };
}
