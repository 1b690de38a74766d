/**
 * SOQL as written, to a tree: recursive descent over tokens, one method a grammar rule. Names are looked up later,
 * by compile.ts.
 *
 *   query      = SELECT ( COUNT() | field {, field} ) FROM sobject [[AS] alias] [WHERE condition]
 *                [ORDER BY key {, key}] [LIMIT n] [OFFSET n] [ALL ROWS]
 *   condition  = term {AND term} | term {OR term}          the two never mix without parentheses
 *   term       = NOT term | ( condition ) | field operator literal | field [NOT] IN ( literal {, literal} )
 */
import { unreachable } from '../../lib/assert.ts';
import type { ComparisonOperator, Condition, Literal, Name, Soql, SortKey } from './ast.ts';
import { errorAt, SoqlError } from './errors.ts';
import { type Token, tokenise, unexpectedToken } from './tokens.ts';

const queryCharactersMax = 100_000;
const nestingMax = 100;
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
  group: 'GROUP BY',
  having: 'HAVING',
  for: 'FOR',
  update: 'UPDATE',
};
const clauseWords = new Set(['where', 'order', 'limit', 'offset', 'all', ...Object.keys(unsupportedClauses)]);

const comparisonOperators: Record<string, ComparisonOperator> = {
  '=': '=',
  '!=': '!=',
  '<>': '!=',
  '<': '<',
  '<=': '<=',
  '>': '>',
  '>=': '>=',
  like: 'like',
};

const dateLiteral =
  /^(today|yesterday|tomorrow|(last|this|next)_(90_days|(fiscal_)?(quarter|year)|week|month)|(last|next)_n_\w+|n_\w+_ago)$/i;

class Parser {
  private readonly text: string;
  private readonly tokens: readonly Token[];
  private index = 0;
  private nesting = 0;

  constructor(text: string) {
    this.text = text;
    this.tokens = tokenise(text);
  }

  query(): Soql {
    this.expectWord('select');
    const isCount = this.countCall();
    const fields = isCount ? [] : this.list(() => this.selectedField());
    this.expectWord('from');
    const from = this.name();
    const alias = this.alias();
    if (this.isSymbol(',')) throw this.unsupported('More than one sobject in FROM');
    const where = this.word('where') ? this.condition() : null;
    this.refuseUnsupportedClause();
    const orderBy = this.word('order') ? this.orderBy() : [];
    const limit = this.word('limit') ? this.wholeNumber() : null;
    const offset = this.word('offset') ? this.offset() : 0;
    this.refuseUnsupportedClause();
    const allRows = this.word('all');
    if (allRows) this.expectWord('rows');
    if (this.peek.kind !== 'end') throw this.unexpected();
    return { text: this.text, isCount, fields, from, alias, where, orderBy, limit, offset, allRows };
  }

  private countCall(): boolean {
    const [call, open, close] = this.tokens.slice(this.index, this.index + 3);
    if (call?.text.toLowerCase() !== 'count' || open?.text !== '(' || close?.text !== ')') return false;
    this.index += 3;
    return true;
  }

  private selectedField(): Name {
    if (this.isSymbol('(')) throw this.unsupported('A subquery');
    if (this.isWord('from')) throw this.unexpected();
    const field = this.name();
    if (this.isSymbol('(')) throw this.unsupported(`The function ${field.name}()`, field.at);
    if (field.name.toLowerCase() === 'typeof' && this.peek.kind === 'name' && !this.isWord('from')) {
      throw this.unsupported('TYPEOF', field.at);
    }
    return field;
  }

  private alias(): string | null {
    if (this.word('as')) return this.name().name;
    if (this.peek.kind !== 'name' || clauseWords.has(this.peek.text.toLowerCase())) return null;
    return this.name().name;
  }

  private condition(): Condition {
    const first = this.term();
    const kind = this.isWord('and') ? 'and' : this.isWord('or') ? 'or' : null;
    if (!kind) return first;
    const terms = [first];
    while (this.word(kind)) terms.push(this.term());
    if (this.isWord('and') || this.isWord('or')) throw this.unexpected();
    return { kind, terms };
  }

  private term(): Condition {
    const at = this.peek.at;
    if (this.word('not')) return { kind: 'not', term: this.nested(at, () => this.term()) };
    if (!this.symbol('(')) return this.filter();
    const inner = this.nested(at, () => this.condition());
    this.expectSymbol(')');
    return inner;
  }

  private nested(at: number, rule: () => Condition): Condition {
    this.nesting += 1;
    if (this.nesting > nestingMax) {
      throw errorAt(
        this.text,
        at,
        'MALFORMED_QUERY',
        `conditions are nested deeper than ${nestingMax} levels`,
      );
    }
    const condition = rule();
    this.nesting -= 1;
    return condition;
  }

  private filter(): Condition {
    const field = this.name();
    if (this.isSymbol('(')) throw this.unsupported(`The function ${field.name}()`, field.at);
    const isNegated = this.word('not');
    if (isNegated || this.isWord('in')) {
      this.expectWord('in');
      return { kind: 'membership', field, isNegated, values: this.values() };
    }
    for (const word of ['includes', 'excludes']) {
      if (this.isWord(word)) throw this.unsupported(word.toUpperCase());
    }
    const sign = Object.hasOwn(comparisonOperators, this.peek.text.toLowerCase())
      ? comparisonOperators[this.peek.text.toLowerCase()]
      : undefined;
    if (!sign) throw this.unexpected();
    this.index += 1;
    return { kind: 'comparison', field, operator: sign, value: this.literal() };
  }

  private values(): Literal[] {
    this.expectSymbol('(');
    if (this.isWord('select')) throw this.unsupported('A subquery');
    const values = this.list(() => this.literal());
    this.expectSymbol(')');
    return values;
  }

  private literal(): Literal {
    const token = this.peek;
    const literal = toLiteral(token);
    if (literal) {
      this.index += 1;
      return literal;
    }
    if (dateLiteral.test(token.text)) throw this.unsupported(`The date literal ${token.text}`);
    throw this.unexpected();
  }

  private orderBy(): SortKey[] {
    this.expectWord('by');
    return this.list(() => {
      const field = this.name();
      if (this.isSymbol('(')) throw this.unsupported(`The function ${field.name}()`, field.at);
      const descending = this.word('desc');
      if (!descending) this.word('asc');
      // Nulls come first in both directions unless the query says otherwise.
      const nullsLast = this.word('nulls') && !this.word('first') && this.expectWord('last');
      return { ...field, descending, nullsLast };
    });
  }

  private offset(): number {
    const at = this.peek.at;
    const offset = this.wholeNumber();
    if (offset <= offsetMax) return offset;
    const reason = `Maximum SOQL offset allowed is ${offsetMax}`;
    throw errorAt(this.text, at, 'NUMBER_OUTSIDE_VALID_RANGE', reason);
  }

  private wholeNumber(): number {
    const token = this.peek;
    const value = token.kind === 'number' && /^\d+$/.test(token.text) ? Number(token.text) : Number.NaN;
    if (!Number.isSafeInteger(value)) throw this.unexpected();
    this.index += 1;
    return value;
  }

  private list<Item>(item: () => Item): Item[] {
    const items = [item()];
    while (this.symbol(',')) items.push(item());
    return items;
  }

  private name(): Name {
    const { kind, text, at } = this.peek;
    if (kind !== 'name') throw this.unexpected();
    this.index += 1;
    return { name: text, at };
  }

  private get peek(): Token {
    const token = this.tokens[this.index];
    if (!token) throw this.unexpected();
    return token;
  }

  private isWord(word: string): boolean {
    return this.peek.kind === 'name' && this.peek.text.toLowerCase() === word;
  }

  private isSymbol(symbol: string): boolean {
    return this.peek.kind === 'symbol' && this.peek.text === symbol;
  }

  /** Takes the word if it comes next. */
  private word(word: string): boolean {
    const isNext = this.isWord(word);
    if (isNext) this.index += 1;
    return isNext;
  }

  private symbol(symbol: string): boolean {
    const isNext = this.isSymbol(symbol);
    if (isNext) this.index += 1;
    return isNext;
  }

  private expectWord(word: string): true {
    if (!this.word(word)) throw this.unexpected();
    return true;
  }

  private expectSymbol(symbol: string): void {
    if (!this.symbol(symbol)) throw this.unexpected();
  }

  private unexpected(): SoqlError {
    const token = this.tokens[this.index] ?? { at: this.text.length, text: '<EOF>' };
    return unexpectedToken(this.text, token.at, token.text);
  }

  private unsupported(what: string, at = this.peek.at): SoqlError {
    return errorAt(this.text, at, 'MALFORMED_QUERY', `${what} is not supported by this simulated org`);
  }

  private refuseUnsupportedClause(): void {
    const word = this.peek.kind === 'name' ? this.peek.text.toLowerCase() : '';
    if (Object.hasOwn(unsupportedClauses, word)) throw this.unsupported(`${unsupportedClauses[word]}`);
  }
}

function toLiteral(token: Token): Literal | null {
  switch (token.kind) {
    case 'string':
      return { kind: 'string', value: token.value, pattern: token.pattern };
    case 'number':
    case 'date':
    case 'datetime':
    case 'time':
      return { kind: token.kind, value: token.value };
    case 'name': {
      const word = token.text.toLowerCase();
      if (word === 'null') return { kind: 'null' };
      return word === 'true' || word === 'false' ? { kind: 'boolean', value: word === 'true' } : null;
    }
    case 'symbol':
    case 'end':
      return null;
    default:
      return unreachable(token);
  }
}
