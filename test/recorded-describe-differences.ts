import type { Difference } from './recorded-describe.ts';

/** Differences that are right, each group with its reason. */
const justified: readonly { reason: string; is(difference: Difference): boolean }[] = [];

export const unjustified = (differences: readonly Difference[]): Difference[] =>
  differences.filter((difference) => !justified.some(({ is }) => is(difference)));
