/**
 * For this room's tests: seeded random query texts from the grammar, over the objects of an org. They need not make
 * sense; they are parsed, not run.
 */
import type { Random } from '@lockstep/foundation/random';
import type { SObjectDef } from '../schema/schema.ts';

/** Leaves out sobjects whose queries are refused before names and values are checked. */
export const takesAnyQuery = ({ isMetadata, bigIndex, fields }: SObjectDef): boolean =>
  !isMetadata && !bigIndex && fields.every(({ shown }) => shown === undefined);

export class GrammarTexts {
  private readonly random: Random;
  private readonly sobjects: readonly SObjectDef[];

  constructor(random: Random, sobjects: readonly SObjectDef[]) {
    this.random = random;
    this.sobjects = sobjects;
  }

  query(): string {
    const def = this.random.pick(this.sobjects);
    if (this.one(10)) return `SELECT ${this.cased('COUNT')}() FROM ${def.name}${this.clauses(def, false)}`;
    if (this.one(4)) return this.grouped(def);
    return `SELECT ${this.items(def)} FROM ${def.name}${this.maybe(4, () => ' z')}${this.clauses(def)}`;
  }

  private one(times: number): boolean {
    return this.random.between(1, times) === 1;
  }

  private maybe(times: number, text: () => string): string {
    return this.one(times) ? text() : '';
  }

  private some(text: () => string, most = 3): string {
    return Array.from({ length: this.random.between(1, most) }, text).join(
      this.random.pick([',', ', ', ' , ']),
    );
  }

  /** A keyword in a random mix of upper and lower case. */
  private cased(word: string): string {
    return this.random.pick([word, word.toLowerCase(), word]);
  }

  private field = (def: SObjectDef): string => {
    const { name } = this.random.pick(def.fields);
    const parent = this.random.pick(def.fields.filter(({ relationshipName }) => relationshipName));
    const path = this.random.pick(['Name', 'Owner.Name', 'CreatedBy.Manager.Id']);
    return this.one(4) ? `${parent.relationshipName}.${path}` : name;
  };

  private items(def: SObjectDef): string {
    const item = () => {
      switch (this.random.between(1, 12)) {
        case 1:
          return `(SELECT ${this.some(() => this.field(def))} FROM Contacts${this.clauses(def)})`;
        case 2:
          return `${this.cased('TYPEOF')} Owner WHEN User THEN Name, Id WHEN Group THEN Id ELSE Id END`;
        case 3:
          return `FIELDS(${this.random.pick(['ALL', 'STANDARD', 'custom'])})`;
        case 4:
          return `${this.random.pick(['FORMAT', 'toLabel', 'convertCurrency'])}(${this.field(def)}) shown`;
        default:
          return this.field(def) + this.maybe(20, () => ' named');
      }
    };
    return this.some(item, 4);
  }

  private grouped(def: SObjectDef): string {
    const keys = this.some(() => this.random.pick([this.field(def), this.dateCall(def)]));
    const having = this.maybe(2, () => ` HAVING ${this.condition(() => this.aggregate(def), 2)}`);
    const order = this.maybe(2, () => ` ORDER BY ${this.some(() => this.key(this.aggregate(def)))}`);
    const groups = this.one(3) ? `${this.random.pick(['ROLLUP', 'CUBE'])}(${keys})` : keys;
    const items = `${keys}, ${this.some(() => this.aggregate(def) + this.maybe(2, () => ' total'))}`;
    const where = this.maybe(2, () => ` WHERE ${this.condition(() => this.field(def))}`);
    return `SELECT ${items} FROM ${def.name}${where} GROUP BY ${groups}${having}${order}${this.window()}`;
  }

  private aggregate(def: SObjectDef): string {
    const call = this.random.pick(['COUNT', 'count_distinct', 'MIN', 'MAX', 'sum', 'AVG', 'GROUPING']);
    return `${call}(${this.field(def)})`;
  }

  private dateCall(def: SObjectDef): string {
    const call = this.random.pick(['CALENDAR_YEAR', 'HOUR_IN_DAY', 'DAY_ONLY', 'WEEK_IN_MONTH']);
    const field = this.field(def);
    return `${call}(${this.one(2) ? `convertTimezone(${field})` : field})`;
  }

  private key = (text: string): string =>
    text + this.random.pick(['', ' ASC', ' desc']) + this.random.pick(['', ' NULLS FIRST', ' nulls last']);

  private clauses(def: SObjectDef, isOrdered = true): string {
    const field = () =>
      this.random.pick([this.field(def), this.field(def), this.dateCall(def), this.distance(def)]);
    return [
      this.maybe(8, () => ` USING SCOPE ${this.random.pick(['mine', 'everything'])}`),
      this.maybe(2, () => ` ${this.cased('WHERE')} ${this.condition(field)}`),
      this.maybe(8, () => ` WITH ${this.random.pick(['SECURITY_ENFORCED', 'USER_MODE', 'SYSTEM_MODE'])}`),
      isOrdered
        ? this.maybe(2, () => ` ${this.cased('ORDER BY')} ${this.some(() => this.key(this.field(def)))}`)
        : '',
      this.window(),
      this.maybe(8, () => ` FOR ${this.random.pick(['VIEW', 'REFERENCE'])}`),
    ].join('');
  }

  private window(): string {
    const number = (max: number) => this.random.between(0, max);
    return this.maybe(3, () => ` LIMIT ${number(5000)}`) + this.maybe(4, () => ` OFFSET ${number(2000)}`);
  }

  private distance(def: SObjectDef): string {
    return `DISTANCE(${this.field(def)}, GEOLOCATION(${this.random.between(-90, 90)},-12.5), 'mi')`;
  }

  private condition(field: () => string, depth = 3): string {
    const nested = () => {
      if (depth > 0 && this.one(3)) return `(${this.condition(field, depth - 1)})`;
      return (this.one(6) ? 'NOT ' : '') + this.filter(field());
    };
    const terms = Array.from({ length: this.random.pick([1, 1, 2, 3]) }, nested);
    return terms.join(` ${this.cased(this.random.pick(['AND', 'OR']))} `);
  }

  private filter(field: string): string {
    // INCLUDES takes only a field, and a distance can only be compared by < and >.
    if (field.startsWith('DISTANCE')) return `${field} ${this.random.pick(['<', '>'])} 12.5`;
    const list = () => `(${this.some(() => this.constant())})`;
    switch (this.random.between(field.endsWith(')') ? 2 : 1, 6)) {
      case 1:
        return `${field} ${this.random.pick(['INCLUDES', 'excludes'])} (${this.some(() => this.text())})`;
      case 2:
        return `${field} ${this.random.pick(['IN', 'not in', 'NOT IN'])} ${list()}`;
      case 3:
        return `${field} LIKE ${this.text()}`;
      default: {
        const operator = this.random.pick(['=', '!=', '<', '<=', '>', '>=', '<>']);
        const space = this.random.pick(['', ' ']);
        return `${field}${space}${operator}${space}${this.constant()}`;
      }
    }
  }

  private text(): string {
    const parts = ['a', 'B', 'é', ' ', '%', '_', "\\'", '\\"', '\\\\', '\\n', '\\%', '\\_', '(', ':', 'AND'];
    return `'${Array.from({ length: this.random.between(0, 6) }, () => this.random.pick(parts)).join('')}'`;
  }

  private constant(): string {
    const between = (from: number, to: number) => this.random.between(from, to);
    const pick = (texts: readonly string[]) => this.random.pick(texts);
    switch (between(1, 8)) {
      case 1:
        return pick([`${between(-999, 999)}`, `-${between(0, 9)}.50`, '+7', '.25', '12345678901234567890']);
      case 2:
        return pick(['true', 'FALSE', 'null', 'NULL']);
      case 3:
        return `20${between(10, 30)}-0${between(1, 9)}-${between(10, 28)}`;
      case 4:
        return `2024-02-29T${between(10, 23)}:59:59${pick(['', '.250'])}${pick(['Z', '+01:30', '-08:00'])}`;
      case 5:
        return pick(['TODAY', 'last_week', 'THIS_FISCAL_QUARTER', 'NEXT_90_DAYS']);
      case 6:
        return `${pick(['LAST_N_DAYS', 'n_years_ago', 'NEXT_N_FISCAL_QUARTERS'])}:${between(0, 400)}`;
      case 7:
        return pick(['USD500', 'EUR0.25']);
      default:
        return this.text();
    }
  }
}
