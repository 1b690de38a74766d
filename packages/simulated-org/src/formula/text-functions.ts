import { literal, type Sql, sql } from '@lockstep/foundation/sql';
import { FormulaError } from './errors.ts';
import { count, type FormulaFunction, functionNamed, part, typed } from './signature.ts';
import { expect, once, sqlAs, type Typed, wrongType } from './types.ts';

/** A number of characters, limited to more than any text has. */
const characters = (number: Sql): Sql =>
  sql`least(greatest(trunc(coalesce(${number}, 0)), 0), 1000000)::integer`;

const text: FormulaFunction = {
  check(name, args, at) {
    count(name, args, at, 1);
    const [arg] = args as [Typed];
    if (!['Number', 'Date', 'DateTime', 'Picklist', 'Null'].includes(arg.type))
      throw wrongType(arg, ['Number', 'Date', 'DateTime', 'Picklist'], functionNamed(name));
    return part('Text', at, (frame) => {
      const value = sqlAs(arg.type === 'Null' ? 'Text' : arg.type, arg, frame);
      if (arg.type === 'Number') return sql`coalesce(trim_scale(${value})::text, '')`;
      if (arg.type === 'Date') return sql`coalesce(to_char(${value}, 'YYYY-MM-DD'), '')`;
      if (arg.type === 'DateTime')
        return sql`coalesce(to_char(${value} AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS"Z"'), '')`;
      return value;
    });
  },
};

/** Null for text that is not a number. */
const value = typed(['Text'], 'Number', (of) =>
  once(
    [sql`btrim(${of})`],
    sql`CASE WHEN a ~ '^[-+]?([0-9]{1,30}([.][0-9]{0,30})?|[.][0-9]{1,30})$' THEN a::numeric END`,
  ),
);

const isPickVal: FormulaFunction = {
  check(name, args, at) {
    count(name, args, at, 2);
    const [field, wanted] = args as [Typed, Typed];
    expect(field, ['Picklist'], functionNamed(name));
    return part(
      'Boolean',
      at,
      (frame) => sql`(${sqlAs('Picklist', field, frame)} = ${constant(name, wanted)})`,
    );
  },
};

const includes: FormulaFunction = {
  check(name, args, at) {
    count(name, args, at, 2);
    const [field, wanted] = args as [Typed, Typed];
    expect(field, ['MultiPicklist'], functionNamed(name));
    const chosen = constant(name, wanted);
    return part(
      'Boolean',
      at,
      (frame) => sql`(${chosen} = ANY (string_to_array(${sqlAs('MultiPicklist', field, frame)}, ';')))`,
    );
  },
};

/** Picklist functions only take a value that is a literal in the formula. */
function constant(name: string, wanted: Typed): Sql {
  expect(wanted, ['Text'], functionNamed(name));
  if (wanted.type === 'Null') return sql`''`;
  if (wanted.constant === undefined)
    throw new FormulaError(
      `The second parameter of ${functionNamed(name)} must be a text literal`,
      wanted.at,
    );
  return sql`${literal(wanted.constant)}::text`;
}

/** Features of Java's regular expressions that PostgreSQL lacks. */
const foreignRegex = /\(\?<[A-Za-z]|\(\?>|\(\?[a-z]|\\[pPQEGzZRXhHvV]|[*+?}]\+|&&|\{\d{4,}/;

/**
 * The whole text must match. Salesforce's expressions are Java's; those that PostgreSQL interprets otherwise are
 * refused.
 */
const regex: FormulaFunction = {
  rulesOnly: true,
  check(name, args, at) {
    count(name, args, at, 2);
    const [subject, pattern] = args as [Typed, Typed];
    expect(subject, ['Text'], functionNamed(name));
    expect(pattern, ['Text'], functionNamed(name));
    const source = pattern.constant;
    if (source === undefined)
      throw new FormulaError(
        `The second parameter of ${functionNamed(name)} must be a text literal`,
        pattern.at,
      );
    if (!isRegex(source)) throw new FormulaError(`Invalid regular expression: ${source}`, pattern.at);
    const whole = literal(`^(?:${source})$`);
    return part('Boolean', at, (frame) => sql`(${sqlAs('Text', subject, frame)} ~ ${whole})`);
  },
};

function isRegex(source: string): boolean {
  if (foreignRegex.test(source)) return false;
  const repeats = [...source.matchAll(/\{(\d+)(?:,(\d*))?\}/g)].flatMap(([, least, most]) => [least, most]);
  // PostgreSQL only counts to 255.
  if (repeats.some((repeat) => Number(repeat ?? 0) > 255)) return false;
  try {
    return new RegExp(`^(?:${source})$`, 'u').source !== '';
  } catch {
    return false;
  }
}

export const textFunctions: Record<string, FormulaFunction> = {
  TEXT: text,
  VALUE: value,
  LEN: typed(['Text'], 'Number', (of) => sql`length(${of})::numeric`),
  LEFT: typed(['Text', 'Number'], 'Text', (of, n = sql`0`) => sql`left(${of}, ${characters(n)})`),
  RIGHT: typed(['Text', 'Number'], 'Text', (of, n = sql`0`) => sql`right(${of}, ${characters(n)})`),
  MID: typed(
    ['Text', 'Number', 'Number'],
    'Text',
    (of, start = sql`1`, n = sql`0`) =>
      sql`substr(${of}, greatest(${characters(start)}, 1), ${characters(n)})`,
  ),
  TRIM: typed(['Text'], 'Text', (of) => sql`btrim(${of}, E' \\t\\r\\n')`),
  UPPER: typed(
    ['Text'],
    'Text',
    (of) => sql`upper(${of} COLLATE pg_catalog."und-x-icu") COLLATE pg_catalog."C"`,
  ),
  LOWER: typed(
    ['Text'],
    'Text',
    (of) => sql`lower(${of} COLLATE pg_catalog."und-x-icu") COLLATE pg_catalog."C"`,
  ),
  CONTAINS: typed(['Text', 'Text'], 'Boolean', (of, part_ = sql`''`) => sql`(strpos(${of}, ${part_}) > 0)`),
  BEGINS: typed(['Text', 'Text'], 'Boolean', (of, start = sql`''`) => sql`starts_with(${of}, ${start})`),
  SUBSTITUTE: typed(
    ['Text', 'Text', 'Text'],
    'Text',
    (of, old = sql`''`, next = sql`''`) => sql`replace(${of}, ${old}, ${next})`,
  ),
  /** In a formula Ids have 15 characters; this returns the 18 used everywhere else. */
  CASESAFEID: typed(['Text'], 'Text', caseSafe),
  ISPICKVAL: isPickVal,
  INCLUDES: includes,
  REGEX: regex,
};

/** The check characters of each block of five, as in ids.ts. */
function caseSafe(id: Sql): Sql {
  const bit = (block: number, place: number) =>
    sql`CASE WHEN substr(a, ${numeral(block * 5 + place + 1)}, 1) ~ '^[A-Z]$' THEN ${numeral(1 << place)} ELSE 0 END`;
  const check = (block: number) =>
    sql`substr('ABCDEFGHIJKLMNOPQRSTUVWXYZ012345', 1 + ${bit(block, 0)} + ${bit(block, 1)} + ${bit(block, 2)} + ${bit(block, 3)} + ${bit(block, 4)}, 1)`;
  return once(
    [id],
    sql`CASE WHEN length(a) = 15 THEN a || ${check(0)} || ${check(1)} || ${check(2)} ELSE a END`,
  );
}

const numeral = (number: number): Sql => sql`${literal(String(number))}::integer`;
