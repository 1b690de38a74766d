/** Walks over the tokens of a query; the grammar rules are built on it. */
import type { Name } from './ast.ts';
import { errorAt, type SoqlError } from './errors.ts';
import { type Token, tokenise, unexpectedToken } from './tokens.ts';

/** Salesforce's list of words that cannot be names, and FOR; without GROUP, which is an sobject and only no alias. */
const reserved = new Set(
  'and asc desc excludes first for from having in includes last like limit not null nulls or select using where with'.split(
    ' ',
  ),
);

export class TokenReader {
  protected readonly text: string;
  private readonly tokens: readonly Token[];
  private index = 0;

  constructor(text: string) {
    this.text = text;
    this.tokens = tokenise(text);
  }

  protected get peek(): Token {
    return this.ahead(0);
  }

  /** The token this many positions ahead; beyond the last, the end of the query. */
  protected ahead(places: number): Token {
    const token = this.tokens[this.index + places] ?? this.tokens.at(-1);
    if (!token) throw this.unexpected();
    return token;
  }

  protected skip(count = 1): void {
    this.index += count;
  }

  protected isWord(word: string, token = this.peek): boolean {
    return token.kind === 'name' && token.text.toLowerCase() === word;
  }

  protected isSymbol(symbol: string, token = this.peek): boolean {
    return token.kind === 'symbol' && token.text === symbol;
  }

  /** Consumes the word if it comes next. */
  protected word(word: string): boolean {
    const isNext = this.isWord(word);
    if (isNext) this.index += 1;
    return isNext;
  }

  protected symbol(symbol: string): boolean {
    const isNext = this.isSymbol(symbol);
    if (isNext) this.index += 1;
    return isNext;
  }

  protected expectWord(word: string): true {
    if (!this.word(word)) throw this.unexpected();
    return true;
  }

  protected expectSymbol(symbol: string): void {
    if (!this.symbol(symbol)) throw this.unexpected();
  }

  protected name(): Name {
    const { kind, text, at } = this.peek;
    if (kind !== 'name' || reserved.has(text.toLowerCase())) throw this.unexpected();
    this.index += 1;
    return { name: text, at };
  }

  /** A single word: an alias has no path, and is not a word that begins a clause. */
  protected aliasName(): Name {
    const { text } = this.peek;
    if (text.includes('.') || text.toLowerCase() === 'group') throw this.unexpected();
    return this.name();
  }

  protected wholeNumber(): number {
    const token = this.peek;
    const value = token.kind === 'number' && /^\d+$/.test(token.text) ? Number(token.text) : Number.NaN;
    if (!Number.isSafeInteger(value)) throw this.unexpected();
    this.index += 1;
    return value;
  }

  protected list<Item>(item: () => Item): Item[] {
    const items = [item()];
    while (this.symbol(',')) items.push(item());
    return items;
  }

  protected unexpected(): SoqlError {
    const token = this.tokens[this.index] ?? { at: this.text.length, text: '<EOF>' };
    return unexpectedToken(this.text, token.at, token.text);
  }

  protected malformed(at: number, reason: string): SoqlError {
    return errorAt(this.text, at, 'MALFORMED_QUERY', reason);
  }
}
