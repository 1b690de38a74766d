import { type Sql, sql } from '@lockstep/foundation/sql';
import { count, type FormulaFunction, functionNamed, part, typed } from './signature.ts';
import { expect, once, sqlAs } from './types.ts';

/** The greatest or least of several numbers; blank ones are ignored. */
const extreme = (word: Sql): FormulaFunction => ({
  check(name, args, at) {
    count(name, args, at, 1, Number.POSITIVE_INFINITY);
    for (const arg of args) expect(arg, ['Number'], functionNamed(name));
    return part('Number', at, (frame) => {
      const [first = sql`NULL`, ...rest] = args.map((arg) => sqlAs('Number', arg, frame));
      return sql`${word}(${rest.reduce((all, next) => sql`${all}, ${next}`, first)})`;
    });
  },
});

/** As Salesforce documents them, FLOOR rounds towards zero and CEILING away from it. */
export const numberFunctions: Record<string, FormulaFunction> = {
  ABS: typed(['Number'], 'Number', (of) => sql`abs(${of})`),
  CEILING: typed(['Number'], 'Number', (of) => once([of], sql`sign(a) * ceil(abs(a))`)),
  FLOOR: typed(['Number'], 'Number', (of) => sql`trunc(${of})`),
  ROUND: typed(
    ['Number', 'Number'],
    'Number',
    (of, places = sql`0`) => sql`round(${of}, greatest(least(trunc(${places}), 18), -18)::integer)`,
  ),
  MOD: typed(['Number', 'Number'], 'Number', (of, by = sql`NULL`) => sql`mod(${of}, nullif(${by}, 0))`),
  MAX: extreme(sql`greatest`),
  MIN: extreme(sql`least`),
};
