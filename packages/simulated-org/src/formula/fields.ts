import { unreachable } from '@lockstep/foundation/assert';
import { ident, literal, type Sql, sql } from '@lockstep/foundation/sql';
import { relationshipNamed } from '../schema/relationships.ts';
import { type FieldDef, fieldNamed, type SObjectDef } from '../schema/schema.ts';
import { tableOf } from '../schema/storage.ts';
import { columnOf } from '../soql/columns.ts';
import { FormulaError } from './errors.ts';
import { readsOfFormula } from './linked-reads.ts';
import { part } from './signature.ts';
import type { Compilation, FormulaType, Frame, Typed } from './types.ts';

/**
 * Names in a formula: fields of the record, fields of its parents up to five relationships away, and the reader's Id.
 * For a reference that may point to several sobjects the formula names one: `Owner:User.Name`.
 */
const levelsMax = 5;

/** One relationship of a path: the reference of the preceding row, and the sobject that it points to. */
interface Step {
  reference: FieldDef;
  parent: SObjectDef;
}

/** @throws {@link FormulaError} for a name that the org does not have, and for a field that no formula can read */
export function fieldPart(compiler: Compilation, name: string, at: number): Typed {
  if (name.startsWith('$')) return globalPart(compiler, name, at);
  const segments = name.split('.');
  const { steps, def } = followed(compiler, segments.slice(0, -1), name, at);
  const found = fieldNamed(def, segments.at(-1) ?? '');
  if (!found) throw noField(name, at);
  const field = compiler.scope.linked(def, found);
  const inner = readsOfFormula(field);
  compiler.deepen(steps.length);
  if (inner) compiler.include(inner, steps.length);
  const type = typeOf(compiler, field, name, at);
  const { blankAs } = compiler.scope;
  return {
    type,
    at,
    field: name,
    // Blank handling applies after the path: if the parent is missing, its fields have no value.
    sql: (frame) => filled(type, throughParents(steps, field, frame.row, frame), blankAs),
  };
}

function globalPart(compiler: Compilation, name: string, at: number): Typed {
  if (name.toLowerCase() !== '$user.id') throw noField(name, at);
  compiler.reads.user = true;
  return part('Text', at, ({ userId = '' }) => sql`${literal(userId.slice(0, 15))}::text`);
}

const noField = (name: string, at: number): FormulaError =>
  new FormulaError(`Field ${name} does not exist. Check spelling.`, at);

function followed(compiler: Compilation, names: readonly string[], whole: string, at: number) {
  if (names.length > levelsMax)
    throw new FormulaError(`Formula may not follow more than ${levelsMax} relationships: ${whole}`, at);
  const steps: Step[] = [];
  let { def } = compiler;
  for (const name of names) {
    const [relationship = '', target] = name.toLowerCase().split(':');
    const reference = relationshipNamed(def, relationship);
    const targets = reference?.referenceTo ?? [];
    const wanted = target ?? (targets.length === 1 ? targets[0]?.toLowerCase() : undefined);
    const isOne = targets.some((one) => one.toLowerCase() === wanted);
    const parent = wanted !== undefined && isOne ? compiler.scope.sobjects.get(wanted) : undefined;
    if (!reference || !parent) throw noField(whole, at);
    steps.push({ reference, parent });
    def = parent;
  }
  return { steps, def };
}

/** A parent's row is named after the row below it, so that each name in a statement stands for one row. */
function throughParents(steps: readonly Step[], field: FieldDef, row: string, frame: Frame): Sql {
  const [step, ...rest] = steps;
  if (!step) return read(field, row, frame);
  const above = `${row}p`;
  const points = sql`${ident(above)}."Id" = ${columnOf(step.reference, row)}`;
  return sql`(SELECT ${throughParents(rest, field, above, frame)} FROM ${tableOf(step.parent)} AS ${ident(above)} WHERE ${points})`;
}

function read(field: FieldDef, row: string, { userId }: Frame): Sql {
  const value = field.readAs ? field.readAs(row, userId) : columnOf(field, row);
  if (field.type === 'id' || field.type === 'reference') return sql`left(${value}, 15)`;
  // A percent field of 20 is 0.2 in a formula.
  return field.type === 'percent' ? sql`(${value} / 100)` : value;
}

function filled(type: FormulaType, value: Sql, blankAs: 'zero' | 'blank'): Sql {
  switch (type) {
    case 'Text':
    case 'Picklist':
    case 'MultiPicklist':
      return sql`coalesce(${value}, '')`;
    case 'Boolean':
      return sql`coalesce(${value}, false)`;
    case 'Number':
      return blankAs === 'zero' ? sql`coalesce(${value}::numeric, 0)` : sql`${value}::numeric`;
    case 'Date':
    case 'DateTime':
    case 'Null':
      return value;
    default:
      return unreachable(type);
  }
}

/** The formula type of each field type; the types left out cannot be read. */
export const formulaTypes: Partial<Record<FieldDef['type'], FormulaType>> = {
  id: 'Text',
  reference: 'Text',
  string: 'Text',
  textarea: 'Text',
  combobox: 'Text',
  email: 'Text',
  phone: 'Text',
  url: 'Text',
  picklist: 'Picklist',
  multipicklist: 'MultiPicklist',
  boolean: 'Boolean',
  int: 'Number',
  long: 'Number',
  double: 'Number',
  currency: 'Number',
  percent: 'Number',
  date: 'Date',
  datetime: 'DateTime',
};
const longTextMin = 256;

function typeOf(compiler: Compilation, field: FieldDef, name: string, at: number): FormulaType {
  const isLong = field.type === 'textarea' && (field.length ?? 0) >= longTextMin;
  const type = isLong && !compiler.scope.isRule ? undefined : formulaTypes[field.type];
  if (type) return type;
  const kind = isLong ? 'Long Text Area' : field.type;
  throw new FormulaError(
    `You referenced an unsupported field type called "${kind}" using the following field: ${name}`,
    at,
  );
}
