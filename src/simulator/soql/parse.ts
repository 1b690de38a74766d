/**
 * SOQL as written, to a tree: recursive descent over tokens, one method a grammar rule. Names are looked up later,
 * by compile.ts; conditions and expressions are read by parse-condition.ts.
 *
 *   query      = SELECT ( COUNT() | item {, item} ) FROM sobject [[AS] alias] [WHERE condition]
 *                [GROUP BY expression {, expression} [HAVING condition]]
 *                [ORDER BY key {, key}] [LIMIT n] [OFFSET n] [ALL ROWS]
 *   item       = expression [[AS] alias] | FIELDS ( ALL|STANDARD|CUSTOM ) | ( query )
 *              | TYPEOF field WHEN sobject THEN field {, field} {WHEN …} [ELSE field {, field}] END
 */
import type { Name, Selected, Soql, SortKey, TypeOf } from './ast.ts';
import { errorAt, SoqlError } from './errors.ts';
import { ConditionReader } from './parse-condition.ts';

const queryCharactersMax = 100_000;
const offsetMax = 2000;

/**
 * @throws {@link SoqlError} `MALFORMED_QUERY` for whatever is not a query, `NUMBER_OUTSIDE_VALID_RANGE` for an
 *   OFFSET over 2,000; nothing else for any text
 */
export function parseSoql(text: string): Soql {
  if (text.length > queryCharactersMax) {
    throw new SoqlError(
      'MALFORMED_QUERY',
      `SOQL statements cannot be longer than ${queryCharactersMax} characters.`,
    );
  }
  return new Parser(text).query();
}

/** Clauses that Salesforce knows and this org does not, by their first word. */
const unsupportedClauses: Record<string, string> = {
  using: 'USING SCOPE',
  with: 'WITH',
  for: 'FOR',
  update: 'UPDATE',
};
const clauseWords = new Set([
  'where',
  'group',
  'having',
  'order',
  'limit',
  'offset',
  'all',
  ...Object.keys(unsupportedClauses),
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
    if (this.isSymbol(',')) throw this.unsupported('More than one sobject in FROM');
    const where = this.word('where') ? this.condition() : null;
    this.refuseUnsupportedClause();
    const groupBy = this.word('group') ? this.groupBy() : [];
    const having = groupBy.length > 0 && this.word('having') ? this.condition() : null;
    const orderBy = this.word('order') ? this.orderBy() : [];
    const limit = this.word('limit') ? this.wholeNumber() : null;
    const offset = this.word('offset') ? this.offset() : 0;
    this.refuseUnsupportedClause();
    const allRows = this.word('all');
    if (allRows) this.expectWord('rows');
    const clauses = { where, groupBy, having, orderBy, limit, offset, allRows };
    return { text: this.text, isCount, fields, from, alias, ...clauses };
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
    if (this.word('as')) return this.name();
    if (this.peek.kind !== 'name' || this.isWord('from')) return null;
    // A misspelt FROM is pointed at itself.
    const next = this.ahead(1);
    if (!this.isSymbol(',', next) && !this.isWord('from', next)) throw this.unexpected();
    return this.name();
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
    if (this.word('as')) return this.name().name;
    if (this.peek.kind !== 'name' || clauseWords.has(this.peek.text.toLowerCase())) return null;
    return this.name().name;
  }

  private groupBy() {
    this.expectWord('by');
    return this.list(() => this.expression());
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

  private refuseUnsupportedClause(): void {
    const word = this.peek.kind === 'name' ? this.peek.text.toLowerCase() : '';
    if (Object.hasOwn(unsupportedClauses, word)) throw this.unsupported(`${unsupportedClauses[word]}`);
  }
}
