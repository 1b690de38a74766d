/** For the tests of this room: queries over the records of an org, seeded, most of which find some. */
import type { Random } from '@lockstep/foundation/random';
import { referencesTo, relationshipToChildren } from '../schema/relationships.ts';
import type { FieldDef, SObjectDef } from '../schema/schema.ts';
import { called, type Records } from './sample-evaluator.ts';
import type { Children, Groups, Json, Key, Model, ModelCondition, Named, Operand } from './sample-model.ts';

/** Coordinates and whole numbers of 18 digits are more than JavaScript's numbers hold. */
const isExact = ({ name, type }: FieldDef) => type !== 'long' && !/L(?:at|ong)itude/.test(name);

const opaque = ['base64', 'address', 'location', 'anyType', 'json', 'encryptedstring'];

const isPlain = (field: FieldDef) => isExact(field) && !opaque.includes(field.type);

const isFiltered = (field: FieldDef) =>
  isPlain(field) &&
  field.told?.filterable !== false &&
  !(field.type === 'textarea' && (field.length ?? 0) > 255);

const isText = ({ type }: Pick<FieldDef, 'type'>) =>
  ['string', 'textarea', 'picklist', 'combobox', 'email', 'phone', 'url'].includes(type);
const isNumber = ({ type }: Pick<FieldDef, 'type'>) =>
  ['int', 'double', 'currency', 'percent'].includes(type);
const isGrouped = (field: FieldDef) =>
  isFiltered(field) &&
  field.told?.groupable !== false &&
  field.told?.sortable !== false &&
  field.autoNumber === undefined &&
  !['double', 'currency', 'percent', 'datetime', 'time', 'multipicklist', 'combobox'].includes(field.type);

export class Models {
  private readonly random: Random;
  private readonly records: Records;

  constructor(random: Random, records: Records) {
    this.random = random;
    this.records = records;
  }

  model(): Model {
    const def = this.random.pick(this.records.sobjects);
    const isOfGroups = this.one(3);
    return isOfGroups ? this.grouped(def) : this.plain(def, def.name, 2);
  }

  private one(times: number): boolean {
    return this.random.between(1, times) === 1;
  }

  private some<Item>(most: number, item: () => Item): Item[] {
    return Array.from({ length: this.random.between(1, most) }, item);
  }

  private plain(def: SObjectDef, from: string, levels: number): Model {
    const select = new Set(['Id', ...this.some(4, () => this.operand(def, isPlain).path)]);
    const children = levels > 0 ? this.children(def, levels) : [];
    const sorted = (field: FieldDef) =>
      isFiltered(field) && field.told?.sortable !== false && field.type !== 'multipicklist';
    return {
      sobject: def.name,
      from,
      select: [...select],
      children,
      where: this.one(5) ? null : this.where(def),
      groups: null,
      orderBy: this.one(2) ? [] : this.some(3, () => this.key(this.operand(def, sorted))),
      limit: this.one(3) ? this.random.between(0, 60) : null,
      offset: this.one(5) ? this.random.between(0, 30) : 0,
    };
  }

  private children(def: SObjectDef, levels: number): Children[] {
    const all = referencesTo(new Map(this.records.sobjects.map((one) => [one.name, one])), def).flatMap(
      (reference) => {
        const name = relationshipToChildren(reference, def);
        return name === null ? [] : [{ name, ...reference }];
      },
    );
    return all
      .filter(() => this.one(4))
      .map(({ name, child, field }) => ({
        reference: field.name,
        query: this.plain(child, name, levels - 1),
      }));
  }

  /** A field of the record or of a parent. */
  private operand(def: SObjectDef, fits: (field: FieldDef) => boolean, levels = 2): Operand {
    const references = def.fields.filter(({ relationshipName }) => relationshipName);
    if (levels > 0 && this.one(4)) {
      const reference = this.random.pick(references);
      const targets = reference.referenceTo ?? [];
      const target = this.records.sobjects.find(({ name }) => targets.length === 1 && name === targets[0]);
      if (target) {
        const { path, type } = this.operand(target, fits, levels - 1);
        return { path: `${reference.relationshipName}.${path}`, call: null, type };
      }
      if (targets.includes('User') && fits({ ...reference, name: 'Name', type: 'string' })) {
        return { path: `${reference.relationshipName}.Name`, call: null, type: 'string' };
      }
    }
    const { name, type } = this.random.pick(def.fields.filter(fits));
    return { path: name, call: null, type };
  }

  private key(by: Operand): Key {
    return { by, descending: this.one(2), nulls: this.random.pick([null, null, 'FIRST', 'LAST']) };
  }

  private where(def: SObjectDef): ModelCondition {
    const condition = this.condition(() => this.filter(def), 3);
    if (!this.one(5)) return condition;
    const join = this.semiJoin(def);
    if (!join) return condition;
    return this.one(2) ? join : { kind: 'AND', terms: [condition, join] };
  }

  private condition(filter: () => ModelCondition, depth: number): ModelCondition {
    if (depth === 0 || this.one(2)) return filter();
    const again = () => this.condition(filter, depth - 1);
    if (this.one(4)) return { kind: 'not', term: again() };
    const terms = [again(), ...this.some(2, again)];
    return { kind: this.random.pick(['AND', 'OR', 'OR']), terms };
  }

  private semiJoin(def: SObjectDef): ModelCondition | null {
    const isNegated = this.one(3);
    const where = (inner: SObjectDef) => (this.one(3) ? null : this.condition(() => this.filter(inner), 1));
    const others = referencesTo(new Map(this.records.sobjects.map((one) => [one.name, one])), def).filter(
      ({ child }) => child !== def,
    );
    if (this.one(2) && others.length > 0) {
      const { child, field } = this.random.pick(others);
      return {
        kind: 'semi-join',
        path: 'Id',
        isNegated,
        sobject: child.name,
        column: field.name,
        where: where(child),
      };
    }
    const reference = this.random.pick(def.fields.filter(({ referenceTo }) => referenceTo?.length === 1));
    const target = this.records.sobjects.find(({ name }) => name === reference.referenceTo?.[0]);
    if (!target || target === def) return null;
    return {
      kind: 'semi-join',
      path: reference.name,
      isNegated,
      sobject: target.name,
      column: 'Id',
      where: where(target),
    };
  }

  private filter(def: SObjectDef): ModelCondition {
    const field = this.operand(def, isFiltered);
    const isDate = field.type === 'date' || field.type === 'datetime';
    const calls = ['CALENDAR_YEAR', 'CALENDAR_QUARTER', 'CALENDAR_MONTH', 'DAY_IN_MONTH', 'DAY_IN_WEEK'];
    const timeCalls = field.type === 'datetime' ? ['HOUR_IN_DAY', 'DAY_ONLY'] : [];
    const left =
      isDate && this.one(3) ? { ...field, call: this.random.pick([...calls, ...timeCalls]) } : field;
    if (left.type === 'multipicklist') return this.includes(def, left);
    if (isText(left) && this.one(3)) return this.like(def, left);
    if (this.one(4)) {
      const values = this.some(4, () => this.constant(def, left));
      return { kind: 'in', left, isNegated: this.one(2), values };
    }
    return this.compare(left, this.constant(def, left));
  }

  private compare(left: Operand, value: Json): ModelCondition {
    const isEqualOnly = value === null || left.type === 'boolean';
    const operator = this.random.pick(
      isEqualOnly ? (['=', '!='] as const) : (['=', '!=', '<', '<=', '>', '>='] as const),
    );
    return { kind: 'compare', left, operator, value };
  }

  /** What some record holds there, now and then in other letters. */
  private constant(def: SObjectDef, { path, call, type }: Operand): Json {
    const rows = this.records.of(def.name, true);
    const value = called(call, this.records.value(def.name, this.random.pick(rows), path));
    // A value that is too long or empty says nothing as a constant.
    if (typeof value !== 'string' || !isText({ type })) return value;
    return this.one(4) ? value.toUpperCase() : value;
  }

  private includes(def: SObjectDef, left: Operand): ModelCondition {
    const values = this.some(3, () =>
      String(this.constant(def, left) ?? 'None')
        .split(';')
        .slice(0, this.random.between(1, 2)),
    );
    return { kind: 'includes', left, isNegated: this.one(3), values };
  }

  private like(def: SObjectDef, left: Operand): ModelCondition {
    const characters = Array.from(String(this.constant(def, left) ?? 'abc'));
    const from = this.random.between(0, characters.length - 1);
    const to = this.random.between(from, characters.length);
    const middle = { text: characters.slice(from, to).join('') };
    const pattern = this.random.pick([
      [{ text: characters.slice(0, to).join('') }, '%'] as const,
      ['%', { text: characters.slice(from).join('') }] as const,
      ['%', middle, '%'] as const,
      [
        { text: characters.slice(0, from).join('') },
        '_',
        { text: characters.slice(from + 1).join('') },
      ] as const,
      [{ text: characters.join('') }] as const,
    ]);
    return { kind: 'like', left, pattern };
  }

  private grouped(def: SObjectDef): Model {
    const keys = this.keys(def);
    const isNew = ({ path }: Operand) => !keys.some((key) => key.path === path);
    const aggregates = [
      { path: 'Id', call: 'COUNT', type: 'id', alias: 'a0' } as const,
      ...this.some(3, () => this.aggregate(def))
        .filter(isNew)
        .map((one, i) => ({ ...one, alias: `a${i + 1}` })),
    ].filter(isNew);
    const subtotals = keys.length > 0 && this.one(4) ? this.random.pick(['ROLLUP', 'CUBE'] as const) : null;
    const plain = keys.find(({ call }) => call === null);
    const grouping = subtotals && plain ? [{ ...plain, call: 'GROUPING', alias: 'g' }] : [];
    const groups: Groups = {
      keys,
      aggregates: [...aggregates, ...grouping],
      subtotals,
      having: keys.length > 0 && this.one(2) ? this.condition(() => this.having(def), 2) : null,
    };
    const ordered =
      keys.length > 0 && this.one(2)
        ? this.some(2, () => this.key(this.random.pick([...keys, ...aggregates])))
        : [];
    const where = this.one(2) ? this.where(def) : null;
    const limit = keys.length > 0 && this.one(4) ? this.random.between(0, 20) : null;
    return {
      sobject: def.name,
      from: def.name,
      select: [],
      children: [],
      where,
      groups,
      orderBy: ordered,
      limit,
      offset: 0,
    };
  }

  private keys(def: SObjectDef): Named[] {
    const keys = new Map<string, Operand>();
    for (let i = this.random.between(0, 3); i > 0; i -= 1) {
      const isDated = (field: FieldDef) => field.type === 'date' || field.type === 'datetime';
      const key = this.one(3)
        ? {
            ...this.operand(def, isDated, 0),
            call: this.random.pick(['CALENDAR_YEAR', 'CALENDAR_MONTH', 'DAY_IN_WEEK']),
          }
        : this.operand(def, isGrouped, 1);
      keys.set(`${key.call} ${key.path}`, key);
    }
    return [...keys.values()].map((key, i) => ({ ...key, alias: `k${i}` }));
  }

  private aggregate(def: SObjectDef): Operand {
    const counted = (field: FieldDef) =>
      isFiltered(field) &&
      field.told?.aggregatable !== false &&
      !['boolean', 'multipicklist'].includes(field.type);
    const isSummed = this.one(2) && def.fields.some((field) => isExact(field) && isNumber(field));
    if (isSummed) {
      const field = this.operand(def, (one) => isExact(one) && isNumber(one), 0);
      return { ...field, call: this.random.pick(['SUM', 'AVG', 'MIN', 'MAX']) };
    }
    return {
      ...this.operand(def, counted, 1),
      call: this.random.pick(['COUNT', 'COUNT_DISTINCT', 'MIN', 'MAX']),
    };
  }

  private having(def: SObjectDef): ModelCondition {
    const left = this.aggregate(def);
    if (['COUNT', 'COUNT_DISTINCT'].includes(left.call ?? ''))
      return this.compare(left, this.random.between(0, 6));
    // Halves, so that no sum of cents is equal to one by an error of the last digit only.
    if (isNumber(left)) {
      return {
        kind: 'compare',
        left,
        operator: this.random.pick(['<', '>']),
        value: this.random.between(0, 5000) + 0.123,
      };
    }
    return this.compare(left, this.constant(def, { ...left, call: null }));
  }
}
