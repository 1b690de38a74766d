/**
 * SQL as readable text: a tag that turns values into parameters, never into text.
 *
 *   tx.query(sql`SELECT rows FROM _lockstep.checkpoint WHERE stream_no = ${streamNo}`)
 *
 * Names enter through `ident`, lists of fragments through `join`; there is no way to paste in a string from outside.
 */
const isFragment = Symbol('sql fragment');

export interface Sql {
  readonly [isFragment]: true;
  readonly strings: readonly string[];
  readonly values: readonly unknown[];
}

export function sql(strings: TemplateStringsArray, ...parts: unknown[]): Sql {
  const texts: string[] = [strings[0] ?? ''];
  const values: unknown[] = [];
  const append = (text: string) => {
    texts[texts.length - 1] += text;
  };
  parts.forEach((part, index) => {
    if (isSql(part)) {
      append(part.strings[0] ?? '');
      part.values.forEach((value, inner) => {
        values.push(value);
        texts.push(part.strings[inner + 1] ?? '');
      });
    } else {
      values.push(part);
      texts.push('');
    }
    append(strings[index + 1] ?? '');
  });
  return { [isFragment]: true, strings: texts, values };
}

export const isSql = (value: unknown): value is Sql =>
  typeof value === 'object' && value !== null && isFragment in value;

const verbatim = (text: string): Sql => ({ [isFragment]: true, strings: [text], values: [] });

/** A quoted name, or several joined by dots: `ident('salesforce', 'user')` is `"salesforce"."user"`. */
export const ident = (...names: string[]): Sql =>
  verbatim(names.map((name) => `"${name.replaceAll('"', '""')}"`).join('.'));

/** A quoted string constant, for the few places where PostgreSQL takes no parameter (DDL, passwords, comments). */
export const literal = (text: string): Sql => {
  const quoted = `'${text.replaceAll("'", "''")}'`;
  return verbatim(text.includes('\\') ? ` E${quoted.replaceAll('\\', '\\\\')}` : quoted);
};

export function join(fragments: readonly Sql[], separator = ', '): Sql {
  const [first, ...rest] = fragments;
  if (!first) return verbatim('');
  return rest.reduce((joined, next) => sql`${joined}${verbatim(separator)}${next}`, first);
}

/** A value that is read when its statement is sent. It is one parameter, however often the statement contains it. */
export class DeferredValue {
  private readonly read: () => unknown;

  constructor(read: () => unknown) {
    this.read = read;
  }

  /** Called by the driver. */
  toPostgres(): unknown {
    return this.read();
  }
}

/** The statement as it is sent, with its values numbered from $1. */
export function compile({ strings, values }: Sql): { text: string; values: unknown[] } {
  const bound: unknown[] = [];
  const late = new Map<unknown, number>();
  const numbers = values.map((value) => {
    const known = late.get(value);
    if (known !== undefined) return known;
    const number = bound.push(value);
    if (value instanceof DeferredValue) late.set(value, number);
    return number;
  });
  return {
    text: strings.reduce((text, next, index) => `${text}$${numbers[index - 1]}${next}`),
    values: bound,
  };
}

/**
 * The statement with its values as constants, for the few commands that take no parameters (COPY). A quoted constant
 * gets its type from its context, as a parameter does.
 */
export const withInlinedValues = ({ strings, values }: Sql): string =>
  strings.reduce((text, next, index) => `${text}${constant(values[index - 1])}${next}`);

function constant(value: unknown): string {
  if (value === null || value === undefined) return 'NULL';
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') {
    throw new TypeError(`a ${typeof value} has no form as a constant`);
  }
  return literal(String(value)).strings.join('');
}
