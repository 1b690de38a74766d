/**
 * A JSON number as it was written: an amount like 9007199254740993.10 does not survive a JavaScript double.
 */
export class ExactNumber {
  readonly source: string;

  constructor(source: string) {
    this.source = source;
  }
}

type Reviver = (key: string, value: unknown, context: { source: string }) => unknown;
// TypeScript's library does not declare the reviver's third argument yet.
const parse = JSON.parse as (text: string, reviver: Reviver) => unknown;

/** Throws SyntaxError, or RangeError if the nesting is too deep. */
export const parseExact = (text: string): unknown =>
  parse(text, (_key, value, context) =>
    typeof value === 'number' ? new ExactNumber(context.source) : value,
  );

/** Prints a result of `parseExact` as JSON; `text` maps every string and key. */
export function printExact(value: unknown, text: (text: string) => string): string {
  if (value instanceof ExactNumber) return value.source;
  if (typeof value === 'string') return JSON.stringify(text(value));
  if (Array.isArray(value)) return `[${value.map((inner) => printExact(inner, text)).join(',')}]`;
  if (!isObject(value)) return JSON.stringify(value ?? null);
  return `{${Object.entries(value)
    .map(([key, inner]) => `${JSON.stringify(text(key))}:${printExact(inner, text)}`)
    .join(',')}}`;
}

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof ExactNumber);
