import type { Node, Operator } from './ast.ts';
import { FormulaError } from './errors.ts';
import { type Token, tokenise } from './tokens.ts';

/** Text to tree. From loosest to tightest: || && comparisons, + - &, * /, the signs - + !, ^. */
const charactersMax = 3900;
/** Deeper than people write, shallow enough for every stack. */
const nestingMax = 60;

const levels: readonly (readonly string[])[] = [
  ['||'],
  ['&&'],
  ['=', '==', '<>', '!=', '<', '<=', '>', '>='],
  ['+', '-', '&'],
  ['*', '/'],
];
const sameAs: Record<string, Operator> = { '==': '=', '!=': '<>' };
const constants = ['TRUE', 'FALSE', 'NULL'] as const;

/** @throws {@link FormulaError} */
export function parseFormula(text: string): Node {
  if (text.length > charactersMax)
    throw new FormulaError(
      `Formula is too long (${text.length} characters). Maximum length is ${charactersMax} characters.`,
    );
  return new Parser(tokenise(text)).whole();
}

class Parser {
  private readonly tokens: readonly Token[];
  private next = 0;
  private nesting = 0;

  constructor(tokens: readonly Token[]) {
    this.tokens = tokens;
  }

  whole(): Node {
    const node = this.expression();
    const rest = this.peek();
    if (rest.kind !== 'end') throw this.unexpected(rest);
    return node;
  }

  private expression(): Node {
    this.nesting += 1;
    if (this.nesting > nestingMax) throw new FormulaError('Formula is nested too deeply.', this.peek().at);
    const node = this.level(0);
    this.nesting -= 1;
    return node;
  }

  private level(index: number): Node {
    const operators = levels[index];
    if (!operators) return this.signed();
    let left = this.level(index + 1);
    for (;;) {
      const { value, at, kind } = this.peek();
      if (kind !== 'symbol' || !operators.includes(value)) return left;
      this.next += 1;
      const right = this.level(index + 1);
      left = { kind: 'binary', operator: sameAs[value] ?? (value as Operator), left, right, at };
    }
  }

  private signed(): Node {
    const { value, at, kind } = this.peek();
    if (kind !== 'symbol' || !['-', '+', '!'].includes(value)) return this.power();
    this.next += 1;
    this.nesting += 1;
    if (this.nesting > nestingMax) throw new FormulaError('Formula is nested too deeply.', at);
    const operand = this.signed();
    this.nesting -= 1;
    return value === '+' ? operand : { kind: 'unary', operator: value as '-' | '!', operand, at };
  }

  private power(): Node {
    let left = this.primary();
    for (;;) {
      const { value, at, kind } = this.peek();
      if (kind !== 'symbol' || value !== '^') return left;
      this.next += 1;
      left = { kind: 'binary', operator: '^', left, right: this.primary(), at };
    }
  }

  private primary(): Node {
    const token = this.peek();
    const { kind, value, at } = token;
    this.next += 1;
    if (kind === 'text' || kind === 'number') return { kind, value, at };
    if (kind === 'name') return this.named(token);
    if (kind === 'symbol' && value === '(') {
      const inner = this.expression();
      this.close();
      return inner;
    }
    throw this.unexpected(token);
  }

  private named({ value, at }: Token): Node {
    if (this.isSymbol('(')) {
      this.next += 1;
      return { kind: 'call', name: value.toUpperCase(), args: this.args(), at };
    }
    const constant = constants.find((one) => one === value.toUpperCase());
    return constant ? { kind: 'constant', value: constant, at } : { kind: 'name', name: value, at };
  }

  /** Up to and including the closing parenthesis. */
  private args(): Node[] {
    const args: Node[] = [];
    if (this.isSymbol(')')) {
      this.next += 1;
      return args;
    }
    for (;;) {
      args.push(this.expression());
      if (!this.isSymbol(',')) break;
      this.next += 1;
    }
    this.close();
    return args;
  }

  private close(): void {
    if (!this.isSymbol(')')) throw new FormulaError(`Syntax error. Missing ')'`, this.peek().at);
    this.next += 1;
  }

  private isSymbol(symbol: string): boolean {
    const { kind, value } = this.peek();
    return kind === 'symbol' && value === symbol;
  }

  private peek(): Token {
    return this.tokens[Math.min(this.next, this.tokens.length - 1)] as Token;
  }

  private unexpected({ kind, value, at }: Token): FormulaError {
    if (kind === 'end') return new FormulaError('Syntax error.', at);
    const isExtra = kind === 'symbol' && (value === ')' || value === ',');
    return new FormulaError(`Syntax error. ${isExtra ? 'Extra' : 'Found'} '${value}'`, at);
  }
}
