import type { Sql } from '@lockstep/foundation/sql';
import { FormulaError } from './errors.ts';
import { expect, type FormulaType, type Frame, sqlAs, type Typed } from './types.ts';

/** What a function takes and gives. `check` refuses wrong arguments and gives the call as a part of the formula. */
export interface FormulaFunction {
  check(name: string, args: readonly Typed[], at: number): Typed;
  /** Looks at a write, which only rules have. */
  rulesOnly?: true;
  /** Asks for the time. */
  readsTime?: true;
}

export const functionNamed = (name: string): string => `function '${name}()'`;

/** @throws {@link FormulaError} for another number of arguments than Salesforce wants */
export function count(name: string, args: readonly Typed[], at: number, least: number, most = least): void {
  if (args.length >= least && args.length <= most) return;
  const expected = args.length < least ? least : most;
  throw new FormulaError(
    `Incorrect number of parameters for ${functionNamed(name)}. Expected ${expected}, received ${args.length}`,
    at,
  );
}

/** Arguments of one type each; those after the first `least` may be left out, and are undefined then. */
export const typed = (
  takes: readonly FormulaType[],
  gives: FormulaType,
  render: (...args: Sql[]) => Sql,
  least = takes.length,
): FormulaFunction => ({
  check(name, args, at) {
    count(name, args, at, least, takes.length);
    args.forEach((arg, index) => expect(arg, [takes[index] as FormulaType], functionNamed(name)));
    return {
      type: gives,
      at,
      sql: (frame) => render(...args.map((arg, index) => sqlAs(takes[index] as FormulaType, arg, frame))),
    };
  },
});

export const part = (type: FormulaType, at: number, render: (frame: Frame) => Sql): Typed => ({
  type,
  at,
  sql: render,
});
