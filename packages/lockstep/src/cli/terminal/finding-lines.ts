import type { SyncView } from '../../contract/syncs.ts';

/** A finding with its reason and its next step. */
export const findingLines = ({ says, reason, next }: SyncView['findings'][number]): string[] => [
  says,
  `  ${reason}`,
  `  next: ${next}`,
];
