import { type Sql, sql } from '@lockstep/foundation/sql';

const template = (strings: readonly string[]): TemplateStringsArray =>
  Object.assign([...strings], { raw: strings });

/** The org's own SQL text (a formula, a constant of this room) as a fragment. Never a caller's text. */
export const verbatim = (text: string): Sql => sql(template([text]));

/** Like `join` of foundation/sql, but in linear time: a filter may have ten thousand terms. */
export const joined = (fragments: readonly Sql[], separator: string): Sql =>
  sql(template(['', ...fragments.slice(1).map(() => separator), '']), ...fragments);

/** At least one digit after the point, and all that are stored. Rounding to the scale would cost twice as much. */
export const decimalText = (value: Sql): Sql =>
  sql`CASE WHEN scale(${value}) > 0 THEN ${value}::text ELSE ${value}::text || '.0' END`;
