/** For this room's tests: parts of a parsed query. */
import assert from 'node:assert/strict';
import type { Condition } from './ast.ts';
import { SoqlError } from './errors.ts';
import { parseSoql } from './parse.ts';

/** The condition of a query. */
export const where = (condition: string): Condition => {
  const parsed = parseSoql(`SELECT Id FROM Account WHERE ${condition}`).where;
  assert(parsed);
  return parsed;
};

/** The parsed value of a literal. */
export const value = (literal: string): unknown => {
  const condition = where(`X = ${literal}`);
  assert(condition.kind === 'comparison');
  return condition.value;
};

export function refusal(text: string): SoqlError {
  try {
    parseSoql(text);
  } catch (error) {
    assert(error instanceof SoqlError, String(error));
    return error;
  }
  throw new assert.AssertionError({ message: `was accepted: ${text}` });
}
