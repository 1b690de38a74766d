import { formatCount, formatPercent } from '../../words/format.ts';

/** Words of the overview of a sync. */
export const words = {
  title: 'Overview',
  objects: 'Objects',
  object: 'Object',
  state: 'State',
  behind: 'Read',
  rows: 'Rows',
  backfillOf: (name: string) => `Backfill of ${name}`,
  progress: (percent: number, rows: number, expected: number) =>
    `${formatPercent(percent)}, ${formatCount(rows)} of about ${formatCount(expected)} records`,
} as const;
