/**
 * Parses SOQL to a tree: recursive descent over tokens, one method per grammar rule. Names are resolved later, by
 * compile.ts; conditions and expressions are parsed by parse-condition.ts.
 *
 *   query      = SELECT ( COUNT() | item {, item} ) FROM sobject [[AS] alias] {, path [AS] alias}
 *                [USING SCOPE name] [WHERE condition] [WITH SECURITY_ENFORCED|USER_MODE|SYSTEM_MODE]
 *                [GROUP BY groups [HAVING condition]] [ORDER BY key {, key}] [LIMIT n] [OFFSET n]
 *                {FOR VIEW|REFERENCE|UPDATE} [ALL ROWS]
 *   groups     = expression {, expression} | ROLLUP|CUBE ( expression {, expression} )
 *   item       = expression [[AS] alias] | FIELDS ( ALL|STANDARD|CUSTOM ) | ( query )
 *              | TYPEOF field WHEN sobject THEN field {, field} {WHEN …} [ELSE field {, field}] END
 */
import type { Expression, Join, Name, Reason, Selected, Soql, SortKey, TypeOf } from './ast.ts';
import { errorAt, SoqlError } from './errors.ts';
import { ConditionReader } from './parse-condition.ts';

const queryCharactersMax = 100_000;
const offsetMax = 2000;

/**
 * @throws {@link SoqlError} `MALFORMED_QUERY` for whatever is not a query, `NUMBER_OUTSIDE_VALID_RANGE` for an
 *   OFFSET over 2,000; never another error
 */
export function parseSoql(text: string): Soql {
  if (text.length > queryCharactersMax) {
    throw new SoqlError(
      'MALFORMED_QUERY',
      `SOQL statements can not be longer than ${queryCharactersMax} characters.`,
    );
  }
  return new Parser(text).query();
}

const subtotalFieldsMax = 3;

const reasons = ['view', 'reference', 'update'] as const satisfies readonly Reason[];

/** They say whose permissions apply; this org lets each of its users see everything. */
const accessModes = ['security_enforced', 'user_mode', 'system_mode'];

const clauseWords = new Set([
  'using',
  'where',
  'group',
  'having',
  'order',
  'limit',
  'offset',
  'all',
  'with',
  'for',
  'update',
]);

class Parser extends ConditionReader {
  query(): Soql {
    const query = this.body();
    if (this.peek.kind !== 'end') throw this.unexpected();
    return query;
  }

  protected override innerQuery(): Soql {
    return this.body();
  }

  private body(): Soql {
    this.expectWord('select');
    const isCount = this.countCall();
    const fields = isCount ? [] : this.list(() => this.selected());
    this.expectWord('from');
    const from = this.name();
    const alias = this.alias();
    const joins = this.joins();
    const scope = this.word('using') && this.expectWord('scope') ? this.name() : null;
    const where = this.word('where') ? this.condition() : null;
    if (this.word('with')) this.accessMode();
    const { groupBy, subtotals } = this.word('group') ? this.groups() : { groupBy: [], subtotals: null };
    const having = groupBy.length > 0 && this.word('having') ? this.condition() : null;
    const orderBy = this.word('order') ? this.orderBy() : [];
    const limit = this.word('limit') ? this.wholeNumber() : null;
    const offset = this.word('offset') ? this.offset() : 0;
    const why = this.reasons(orderBy);
    if (this.isWord('update')) throw this.articlesOnly('UPDATE TRACKING and UPDATE VIEWSTAT');
    const allRows = this.word('all') && this.expectWord('rows');
    const clauses = { where, groupBy, subtotals, having, orderBy, limit, offset, allRows, reasons: why };
    return { text: this.text, isCount, fields, from, alias, joins, scope, ...clauses };
  }

  private countCall(): boolean {
    const isCall =
      this.isWord('count') && this.isSymbol('(', this.ahead(1)) && this.isSymbol(')', this.ahead(2));
    if (isCall) this.skip(3);
    return isCall;
  }

  private selected(): Selected {
    const { at } = this.peek;
    if (this.symbol('(')) {
      const query = this.nested(at, () => this.body());
      this.expectSymbol(')');
      return { kind: 'children', query };
    }
    if (this.isWord('from')) throw this.unexpected();
    const isFollowedByName = this.ahead(1).kind === 'name' && !this.isWord('from', this.ahead(1));
    if (this.isWord('typeof') && isFollowedByName) return this.typeOf();
    if (this.isWord('fields') && this.isSymbol('(', this.ahead(1))) return this.fieldsCall();
    const expression = this.expression();
    return { kind: 'expression', expression, alias: this.fieldAlias() };
  }

  private fieldAlias(): Name | null {
    if (this.word('as')) return this.aliasName();
    if (this.peek.kind !== 'name' || this.isWord('from')) return null;
    // For a misspelt FROM the error points at that word.
    const next = this.ahead(1);
    if (!this.isSymbol(',', next) && !this.isWord('from', next)) throw this.unexpected();
    return this.aliasName();
  }

  private fieldsCall(): Selected {
    const { at } = this.name();
    this.expectSymbol('(');
    const which = (['all', 'standard', 'custom'] as const).find((word) => this.word(word));
    if (!which) throw this.unexpected();
    this.expectSymbol(')');
    return { kind: 'fields', which, at };
  }

  private typeOf(): TypeOf {
    this.expectWord('typeof');
    const reference = this.name();
    const cases: TypeOf['cases'][number][] = [];
    while (this.word('when')) {
      const sobject = this.name();
      this.expectWord('then');
      cases.push({ sobject, fields: this.list(() => this.name()) });
    }
    if (cases.length === 0) throw this.unexpected();
    const otherwise = this.word('else') ? this.list(() => this.name()) : null;
    this.expectWord('end');
    return { kind: 'typeof', reference, cases, otherwise };
  }

  private alias(): string | null {
    if (this.word('as')) return this.aliasName().name;
    if (this.peek.kind !== 'name' || clauseWords.has(this.peek.text.toLowerCase())) return null;
    return this.aliasName().name;
  }

  private joins(): Join[] {
    const joins: Join[] = [];
    while (this.symbol(',')) {
      const path = this.name();
      const alias = this.alias();
      if (alias === null) throw this.unexpected();
      joins.push({ path, alias });
    }
    return joins;
  }

  private accessMode(): void {
    if (this.isWord('data')) throw this.articlesOnly('WITH DATA CATEGORY');
    if (!accessModes.some((mode) => this.word(mode))) throw this.unexpected();
  }

  private groups(): { groupBy: Expression[]; subtotals: Soql['subtotals'] } {
    this.expectWord('by');
    const { at } = this.peek;
    const subtotals = (['rollup', 'cube'] as const).find(
      (word) => this.isWord(word) && this.isSymbol('(', this.ahead(1)),
    );
    if (!subtotals) return { groupBy: this.list(() => this.expression()), subtotals: null };
    this.skip(2);
    const groupBy = this.list(() => this.expression());
    this.expectSymbol(')');
    if (groupBy.length <= subtotalFieldsMax) return { groupBy, subtotals };
    const reason = `GROUP BY ${subtotals.toUpperCase()} takes at most ${subtotalFieldsMax} fields`;
    throw this.malformed(at, reason);
  }

  /** This org records no views, and a lock would end with the request: the clauses are only parsed and checked. */
  private reasons(orderBy: readonly SortKey[]): Reason[] {
    const named: Reason[] = [];
    const { at } = this.peek;
    while (this.word('for')) {
      do {
        const reason = reasons.find((word) => this.word(word));
        if (!reason || named.includes(reason)) throw this.unexpected();
        named.push(reason);
      } while (this.symbol(','));
    }
    if (named.includes('update') && orderBy.length > 0) {
      throw this.malformed(at, 'ORDER BY cannot be used with FOR UPDATE');
    }
    if (named.includes('update') && named.length > 1) {
      throw this.malformed(at, 'FOR UPDATE cannot be used with FOR VIEW or FOR REFERENCE');
    }
    return named;
  }

  /** The org has no articles. */
  private articlesOnly(clause: string) {
    return this.malformed(this.peek.at, `${clause} can only be used with articles and questions`);
  }

  private orderBy(): SortKey[] {
    this.expectWord('by');
    return this.list(() => {
      const expression = this.expression();
      const descending = this.word('desc');
      if (!descending) this.word('asc');
      // Nulls come first in both directions unless the query says otherwise.
      const nullsLast = this.word('nulls') && !this.word('first') && this.expectWord('last');
      return { expression, descending, nullsLast };
    });
  }

  private offset(): number {
    const at = this.peek.at;
    const offset = this.wholeNumber();
    if (offset <= offsetMax) return offset;
    const reason = `Maximum SOQL offset allowed is ${offsetMax}`;
    throw errorAt(this.text, at, 'NUMBER_OUTSIDE_VALID_RANGE', reason);
  }
}
