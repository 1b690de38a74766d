import { FormulaError } from './errors.ts';

/** Splits a formula into tokens. Texts are in double or single quotes, comments between slash-star and star-slash. */
export interface Token {
  kind: 'name' | 'number' | 'text' | 'symbol' | 'end';
  /** For a text its value, for all others the source text. */
  value: string;
  at: number;
}

const blank = /(?:\s+|\/\*[\s\S]*?\*\/)+/y;
const patterns: readonly [Token['kind'], RegExp][] = [
  ['name', /\$?[A-Za-z_]\w*(?::[A-Za-z_]\w*)?(?:\.[A-Za-z_]\w*(?::[A-Za-z_]\w*)?)*/y],
  ['number', /(?:\d+(?:\.\d*)?|\.\d+)/y],
  ['text', /"(?:[^"\\]|\\[\s\S])*"|'(?:[^'\\]|\\[\s\S])*'/y],
  ['symbol', /&&|\|\||<=|>=|<>|!=|==|[-+*/^&=<>!(),]/y],
];
/** A double has 17 digits; no formula needs more than twice as many. */
const numberCharactersMax = 40;

export function tokenise(formula: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    return pattern.exec(formula)?.[0];
  };
  for (;;) {
    at += take(blank)?.length ?? 0;
    if (at >= formula.length) return [...tokens, { kind: 'end', value: '', at }];
    const found = patterns.flatMap(([kind, pattern]) => {
      const text = take(pattern);
      return text === undefined ? [] : [{ kind, text }];
    })[0];
    if (!found)
      throw new FormulaError(
        `Syntax error. Found '${String.fromCodePoint(formula.codePointAt(at) ?? 0)}'`,
        at,
      );
    const { kind, text } = found;
    tokens.push({ kind, value: kind === 'text' ? unquoted(text, at) : text, at });
    if (kind === 'number' && text.length > numberCharactersMax)
      throw new FormulaError('Number is too long', at);
    at += text.length;
  }
}

const escapes: Record<string, string> = { n: '\n', r: '\r', t: '\t' };

function unquoted(text: string, at: number): string {
  const value = text.slice(1, -1).replace(/\\([\s\S])/g, (_all, letter: string) => escapes[letter] ?? letter);
  if (value.includes('\0')) throw new FormulaError('Syntax error. Illegal character in a text', at);
  return value;
}
