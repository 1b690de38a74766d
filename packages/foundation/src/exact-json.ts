/**
 * JSON whose numbers keep their digits: an amount like 9007199254740993.10 does not survive a JavaScript double, so
 * every number is kept as it was written.
 */
export class ExactNumber {
  readonly source: string;

  constructor(source: string) {
    this.source = source;
  }
}

type Reviver = (key: string, value: unknown, context: { source: string }) => unknown;
// The third argument of the reviver is newer than the compiler's library.
const parse = JSON.parse as (text: string, reviver: Reviver) => unknown;

/** Throws SyntaxError, or RangeError where the nesting is too deep. */
export const parseExact = (text: string): unknown =>
  parse(text, (_key, value, context) =>
    typeof value === 'number' ? new ExactNumber(context.source) : value,
  );

/** The JSON text of what `parseExact` gave, its texts and keys changed by `text`. */
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
