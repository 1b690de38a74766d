import type { Finding } from '../../operations/findings.ts';

/** A finding with its reason and its next step. */
export const findingLines = ({ says, reason, next }: Finding): string[] => [
  says,
  `  ${reason}`,
  `  next: ${next}`,
];
