import type { Sql } from '@lockstep/foundation/sql';
import { FormulaError } from './errors.ts';
import { expect, type FormulaType, type Frame, sqlAs, type Typed } from './types.ts';

/**
 * A function's argument and result types. `check` refuses wrong arguments and returns the call as a part of the
 * formula.
 */
export interface FormulaFunction {
  check(name: string, args: readonly Typed[], at: number): Typed;
  /** Examines a write, which only rules can. */
  rulesOnly?: true;
  /** Depends on the time. */
  readsTime?: true;
}

export const functionNamed = (name: string): string => `function '${name}()'`;

/** @throws {@link FormulaError} if the number of arguments is not what Salesforce expects */
export function count(name: string, args: readonly Typed[], at: number, least: number, most = least): void {
  if (args.length >= least && args.length <= most) return;
  const expected = args.length < least ? least : most;
  throw new FormulaError(
    `Incorrect number of parameters for ${functionNamed(name)}. Expected ${expected}, received ${args.length}`,
    at,
  );
}

/** One type for each argument; those after the first `least` are optional, and undefined if left out. */
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
