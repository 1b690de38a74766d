import type { Clock } from '@lockstep/foundation/clock';
import type { Database } from '@lockstep/foundation/database';
import { type Sql, sql } from '@lockstep/foundation/sql';
import {
  clockValue,
  compileFormula,
  FormulaError,
  type FormulaType,
  type Frame,
  formulaTypes,
  sqlAs,
} from '../formula/index.ts';
import { type FieldDef, fieldNamed, type SObjectDef, type SObjects } from '../schema/schema.ts';
import { type Moment, type Rules, rulesSchema, type Trigger, type ValidationRule } from './rules.ts';
import { storeRules } from './rules-storage.ts';

/** An sobject's rules with compiled formulas. Without rules, a write checks nothing. */
export interface SObjectRules {
  validations: readonly Validation[];
  triggers: ReadonlyMap<Moment, readonly RunnableTrigger[]>;
}

export interface Validation {
  rule: ValidationRule;
  /** Its SQL is never null. */
  condition: (frame: Frame) => Sql;
}

export interface RunnableTrigger {
  trigger: Trigger;
  condition: (frame: Frame) => Sql;
  /** What the action writes, as the text that a request would send. */
  values: readonly { field: FieldDef; value: (frame: Frame) => Sql }[];
  /** The sobject that the action writes: the record's own, a parent's or a child's. */
  target: SObjectDef;
  reference?: FieldDef;
}

/** All that is wrong with a file of rules, each problem with its path. */
export class RulesError extends Error {
  override readonly name = 'RulesError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.problems = problems;
  }
}

/**
 * Replaces all rules, for writes that begin from now on.
 *
 * @param value  parsed JSON
 * @throws {@link RulesError} with every problem and its path; the rules stay as they were
 */
export async function setRules(
  org: Definitions & { db: Database; rules: Rules },
  value: unknown,
): Promise<void> {
  const rules = checkRules(value, org);
  await storeRules(org.db, rules);
  org.rules = rules;
}

interface Definitions {
  sobjects: SObjects;
  clock: Clock;
}

type Book = ReadonlyMap<string, SObjectRules>;

/** @throws {@link RulesError} */
export function checkRules(value: unknown, org: Definitions): Rules {
  const read = rulesSchema.safeParse(value);
  if (!read.success)
    throw new RulesError(read.error.issues.map(({ path, message }) => `${placeOf(path)}: ${message}`));
  const { problems } = compileRules(read.data, org);
  if (problems.length > 0) throw new RulesError(problems);
  return read.data;
}

/** `triggers[0].do.set.Name` */
const placeOf = (path: readonly PropertyKey[]): string =>
  path.reduce<string>(
    (place, key) => (typeof key === 'number' ? `${place}[${key}]` : `${place}${place && '.'}${String(key)}`),
    '',
  ) || 'the file';

const books = new WeakMap<SObjects, { rules: Rules; book: Book }>();

/** Undefined if the sobject has no rules. A rule that no longer fits the definitions has no effect. */
export function rulesOf(org: Definitions & { rules: Rules }, name: string): SObjectRules | undefined {
  const { rules, sobjects } = org;
  if (rules.triggers.length === 0 && rules.validationRules.length === 0) return undefined;
  let known = books.get(sobjects);
  if (known?.rules !== rules) {
    known = { rules, book: compileRules(rules, org).book };
    books.set(sobjects, known);
  }
  return known.book.get(name);
}

function compileRules(rules: Rules, org: Definitions): { book: Book; problems: string[] } {
  const compiler = new RuleCompiler(org);
  rules.validationRules.forEach((rule, index) => compiler.validation(rule, `validationRules[${index}]`));
  rules.triggers.forEach((trigger, index) => compiler.trigger(trigger, `triggers[${index}]`));
  return { book: compiler.book, problems: compiler.problems };
}

class RuleCompiler {
  readonly problems: string[] = [];
  readonly book = new Map<string, { validations: Validation[]; triggers: Map<Moment, RunnableTrigger[]> }>();
  private readonly org: Definitions;
  private readonly names = new Set<string>();

  constructor(org: Definitions) {
    this.org = org;
  }

  validation(rule: ValidationRule, place: string): void {
    const def = this.sobject(rule.sobject, `${place}.sobject`);
    if (!def) return;
    this.unique(`${def.name}.${rule.name}`, `${place}.name`);
    if (rule.field !== undefined) this.field(def, rule.field, `${place}.field`);
    const condition = this.formula(rule.condition, def, 'Boolean', `${place}.condition`);
    if (condition) this.of(def).validations.push({ rule, condition });
  }

  trigger(trigger: Trigger, place: string): void {
    const def = this.sobject(trigger.sobject, `${place}.sobject`);
    if (!def) return;
    this.unique(trigger.name, `${place}.name`);
    const condition =
      trigger.condition === undefined
        ? () => sql`true`
        : this.formula(trigger.condition, def, 'Boolean', `${place}.condition`);
    const before = this.problems.length;
    const action = this.action(trigger, def, `${place}.do`);
    if (!condition || !action || this.problems.length > before) return;
    const { triggers } = this.of(def);
    for (const when of trigger.when)
      triggers.set(when, [...(triggers.get(when) ?? []), { trigger, condition, ...action }]);
  }

  private action(trigger: Trigger, def: SObjectDef, place: string) {
    const { set, setParent, create, delete: related } = trigger.do;
    if (set) {
      if (trigger.when.some((when) => when.endsWith('delete')))
        this.problems.push(`${place}.set: a record that is deleted cannot be changed`);
      return { target: def, values: this.values(set, def, def, 'updateable', `${place}.set`) };
    }
    if (setParent) {
      const reference = this.field(def, setParent.reference, `${place}.setParent.reference`);
      const target = reference && this.only(reference, `${place}.setParent.reference`);
      if (!target) return undefined;
      const values = this.values(setParent.fields, def, target, 'updateable', `${place}.setParent.fields`);
      return { target, reference, values };
    }
    if (create) {
      const target = this.sobject(create.sobject, `${place}.create.sobject`);
      if (!target) return undefined;
      const values = this.values(create.fields, def, target, 'createable', `${place}.create.fields`);
      return { target, values };
    }
    if (related) {
      const target = this.sobject(related.sobject, `${place}.delete.sobject`);
      const reference = target && this.field(target, related.reference, `${place}.delete.reference`);
      if (!target || !reference) return undefined;
      if (!reference.referenceTo?.includes(def.name) || !target.deletable)
        this.problems.push(`${place}.delete: ${target.name}.${reference.name} does not point to ${def.name}`);
      return { target, reference, values: [] };
    }
    return { target: def, values: [] };
  }

  private values(
    fields: Readonly<Record<string, string>>,
    def: SObjectDef,
    target: SObjectDef,
    right: 'createable' | 'updateable',
    place: string,
  ) {
    return Object.entries(fields).flatMap(([name, text]) => {
      const field = this.field(target, name, `${place}.${name}`);
      if (!field) return [];
      const type = field[right] ? typeToWrite(field) : undefined;
      if (!type) {
        this.problems.push(`${place}.${name}: the field is not writeable`);
        return [];
      }
      const value = this.formula(text, def, type, `${place}.${name}`);
      return value ? [{ field, value: (frame: Frame) => requestText(field, value(frame)) }] : [];
    });
  }

  private only(reference: FieldDef, place: string): SObjectDef | undefined {
    const [name, ...more] = reference.referenceTo ?? [];
    if (name !== undefined && more.length === 0) return this.sobject(name, place);
    this.problems.push(`${place}: ${reference.name} is not a reference to exactly one sobject`);
    return undefined;
  }

  private sobject(name: string, place: string): SObjectDef | undefined {
    const def = this.org.sobjects.get(name.toLowerCase());
    if (!def) this.problems.push(`${place}: there is no sobject ${name}`);
    return def;
  }

  private field(def: SObjectDef, name: string, place: string): FieldDef | undefined {
    const field = fieldNamed(def, name);
    if (!field) this.problems.push(`${place}: ${def.name} has no field ${name}`);
    return field;
  }

  private unique(name: string, place: string): void {
    if (this.names.has(name.toLowerCase())) this.problems.push(`${place}: ${name} is declared twice`);
    this.names.add(name.toLowerCase());
  }

  /** Blank numbers count as blank, as in every validation rule. */
  private formula(text: string, def: SObjectDef, type: FormulaType, place: string) {
    const { sobjects, clock } = this.org;
    const linked = (_def: SObjectDef, field: FieldDef) => field;
    try {
      const now = clockValue(clock);
      const compiled = compileFormula(text, def, { sobjects, isRule: true, blankAs: 'blank', now, linked });
      if (compiled.type === type || compiled.type === 'Null')
        return (frame: Frame) => sqlAs(type, compiled, frame);
      this.problems.push(
        `${place}: Error: Formula result is data type (${compiled.type}), incompatible with expected data type (${type}).`,
      );
    } catch (error) {
      if (!(error instanceof FormulaError)) throw error;
      this.problems.push(`${place}: ${error.message} (character ${error.at + 1})`);
    }
    return undefined;
  }

  private of(def: SObjectDef) {
    const rules = this.book.get(def.name) ?? {
      validations: [],
      triggers: new Map<Moment, RunnableTrigger[]>(),
    };
    this.book.set(def.name, rules);
    return rules;
  }
}

/** The type of a formula whose value is written to the field: a picklist's value is text. */
function typeToWrite({ type }: FieldDef): FormulaType | undefined {
  const read = formulaTypes[type];
  return read === 'Picklist' || read === 'MultiPicklist' ? 'Text' : read;
}

/** As a request would write it. */
function requestText({ type }: FieldDef, value: Sql): Sql {
  if (type === 'int' || type === 'long') return sql`round(${value})::text`;
  if (type === 'percent') return sql`trim_scale(${value} * 100)::text`;
  if (type === 'double' || type === 'currency') return sql`trim_scale(${value})::text`;
  if (type === 'boolean') return sql`(${value})::text`;
  if (type === 'date') return sql`to_char(${value}, 'YYYY-MM-DD')`;
  if (type === 'datetime') return sql`to_char(${value} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')`;
  return sql`nullif(${value}, '')`;
}
