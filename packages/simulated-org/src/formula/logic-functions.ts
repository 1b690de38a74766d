import { type Sql, sql } from '@lockstep/foundation/sql';
import { FormulaError } from './errors.ts';
import { count, type FormulaFunction, functionNamed, part } from './signature.ts';
import { commonType, expect, type FormulaType, type Frame, sqlAs, type Typed } from './types.ts';

const iff: FormulaFunction = {
  check(name, args, at) {
    count(name, args, at, 3);
    const [condition, yes, no] = args as [Typed, Typed, Typed];
    expect(condition, ['Boolean'], functionNamed(name));
    const type = valueType([yes, no], name);
    return part(
      type,
      at,
      (frame) =>
        sql`CASE WHEN ${sqlAs('Boolean', condition, frame)} THEN ${sqlAs(type, yes, frame)} ELSE ${sqlAs(type, no, frame)} END`,
    );
  },
};

/** CASE(expression, value, result, …, otherwise). A picklist field is compared with texts. */
const choice: FormulaFunction = {
  check(name, args, at) {
    count(name, args, at, 4, Number.POSITIVE_INFINITY);
    if (args.length % 2 !== 0) count(name, args, at, args.length + 1);
    const [subject, ...rest] = args as [Typed, ...Typed[]];
    expect(subject, ['Text', 'Number', 'Date', 'DateTime', 'Picklist'], functionNamed(name));
    const compared = subject.type === 'Picklist' || subject.type === 'Null' ? 'Text' : subject.type;
    const pairs: [Typed, Typed][] = [];
    for (let i = 0; i + 1 < rest.length; i += 2) pairs.push([rest[i] as Typed, rest[i + 1] as Typed]);
    const otherwise = rest.at(-1) as Typed;
    for (const [when] of pairs) expect(when, [compared], functionNamed(name));
    const type = valueType([...pairs.map(([, then]) => then), otherwise], name);
    return part(type, at, (frame) => {
      const branches = pairs.reduce(
        (all, [when, then]) =>
          sql`${all} WHEN ${sqlAs(compared, when, frame)} THEN ${sqlAs(type, then, frame)}`,
        sql``,
      );
      return sql`CASE ${sqlAs(subject.type === 'Null' ? 'Text' : subject.type, subject, frame)}${branches} ELSE ${sqlAs(type, otherwise, frame)} END`;
    });
  },
};

/** What IF and CASE may return: a picklist field is not a value. */
function valueType(parts: readonly Typed[], name: string): FormulaType {
  const values: readonly FormulaType[] = ['Text', 'Number', 'Boolean', 'Date', 'DateTime'];
  for (const one of parts) expect(one, values, functionNamed(name));
  return commonType(parts, functionNamed(name));
}

const several = (word: Sql): FormulaFunction => ({
  check(name, args, at) {
    count(name, args, at, 1, Number.POSITIVE_INFINITY);
    for (const arg of args) expect(arg, ['Boolean'], functionNamed(name));
    return part('Boolean', at, (frame) => {
      const [first = sql`true`, ...rest] = args.map((arg) => sqlAs('Boolean', arg, frame));
      return sql`(${rest.reduce((all, next) => sql`${all} ${word} ${next}`, first)})`;
    });
  },
});

const not: FormulaFunction = {
  check(name, args, at) {
    count(name, args, at, 1);
    const [arg] = args as [Typed];
    expect(arg, ['Boolean'], functionNamed(name));
    return part('Boolean', at, (frame) => sql`(NOT ${sqlAs('Boolean', arg, frame)})`);
  },
};

const isText = ({ type }: Typed): boolean =>
  type === 'Text' || type === 'Picklist' || type === 'MultiPicklist' || type === 'Null';

const blank = (arg: Typed, frame: Frame): Sql =>
  isText(arg) ? sql`(${sqlAs('Text', arg, frame)} = '')` : sql`(${arg.sql(frame)} IS NULL)`;

const isBlank: FormulaFunction = {
  check(name, args, at) {
    count(name, args, at, 1);
    const [arg] = args as [Typed];
    return part('Boolean', at, (frame) => blank(arg, frame));
  },
};

/** A text is never null, only blank. */
const isNull: FormulaFunction = {
  check(name, args, at) {
    count(name, args, at, 1);
    const [arg] = args as [Typed];
    if (arg.type === 'Text') return part('Boolean', at, () => sql`false`);
    return part('Boolean', at, (frame) => blank(arg, frame));
  },
};

const valueUnless = (isTextBlank: boolean): FormulaFunction => ({
  check(name, args, at) {
    count(name, args, at, 2);
    const [value, otherwise] = args as [Typed, Typed];
    const type = valueType([value, otherwise], name);
    return part(type, at, (frame) => {
      const [first, second] = [sqlAs(type, value, frame), sqlAs(type, otherwise, frame)];
      if (type !== 'Text') return sql`coalesce(${first}, ${second})`;
      return isTextBlank ? sql`coalesce(nullif(${first}, ''), ${second})` : first;
    });
  },
});

const isNew: FormulaFunction = {
  rulesOnly: true,
  check(name, args, at) {
    count(name, args, at, 0);
    return part('Boolean', at, ({ isNew: is = false }) => (is ? sql`true` : sql`false`));
  },
};

/** False for a new record. */
const isChanged: FormulaFunction = {
  rulesOnly: true,
  check(name, args, at) {
    const field = fieldOf(name, args, at);
    return part('Boolean', at, (frame) =>
      frame.prior === undefined
        ? sql`false`
        : sql`(${field.sql(frame)} IS DISTINCT FROM ${field.sql({ ...frame, row: frame.prior })})`,
    );
  },
};

/** For a new record, its current value. */
const priorValue: FormulaFunction = {
  rulesOnly: true,
  check(name, args, at) {
    const field = fieldOf(name, args, at);
    return { ...field, at, sql: (frame) => field.sql({ ...frame, row: frame.prior ?? frame.row }) };
  },
};

function fieldOf(name: string, args: readonly Typed[], at: number): Typed {
  count(name, args, at, 1);
  const [arg] = args as [Typed];
  if (arg.field === undefined || arg.field.includes('.'))
    throw new FormulaError(`Function ${name} takes a field of the record itself`, arg.at);
  return arg;
}

export const logicFunctions: Record<string, FormulaFunction> = {
  IF: iff,
  CASE: choice,
  AND: several(sql`AND`),
  OR: several(sql`OR`),
  NOT: not,
  ISBLANK: isBlank,
  ISNULL: isNull,
  BLANKVALUE: valueUnless(true),
  NULLVALUE: valueUnless(false),
  ISNEW: isNew,
  ISCHANGED: isChanged,
  PRIORVALUE: priorValue,
};
