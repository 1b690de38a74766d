import { type Sql, sql } from '@lockstep/foundation/sql';

const template = (strings: readonly string[]): TemplateStringsArray =>
  Object.assign([...strings], { raw: strings });

/** The org's own SQL text (a formula, a constant of this room) as a fragment. Never a caller's text. */
export const verbatim = (text: string): Sql => sql(template([text]));

/** Like `join` of foundation/sql, but in linear time: a filter may have ten thousand terms. */
export const joined = (fragments: readonly Sql[], separator: string): Sql =>
  sql(template(['', ...fragments.slice(1).map(() => separator), '']), ...fragments);

/**
 * As Java prints a double, which is how Salesforce answers numbers by REST and Bulk alike (help article 000385889): at
 * least one digit after the point, no zeros at the end, and from ten million on, or below a thousandth, an exponent:
 * `1234567.0`, `1.2345678E7`. All stored digits are kept, where a double would keep 17.
 */
export const decimalText = (value: Sql): Sql => {
  const trimmed = sql`trim_scale(${value})::text`;
  const plain = sql`CASE WHEN min_scale(${value}) = 0 THEN ${trimmed} || '.0' ELSE ${trimmed} END`;
  const digits = sql`ltrim(replace(abs(${value})::text, '.', ''), '0')`;
  const fraction = sql`coalesce(nullif(rtrim(substr(${digits}, 2), '0'), ''), '0')`;
  const exponent = sql`length(${digits}) - 1 - scale(${value})`;
  const sign = sql`CASE WHEN ${value} < 0 THEN '-' ELSE '' END`;
  return sql`CASE WHEN ${value} >= 0.001 AND ${value} < 10000000
      OR ${value} <= -0.001 AND ${value} > -10000000 OR ${value} = 0 THEN ${plain}
    WHEN ${value} IS NOT NULL THEN ${sign} || left(${digits}, 1) || '.' || ${fraction} || 'E' || (${exponent}) END`;
};
