import { formatDuration } from '../../words/format.ts';

/** Words of the settings of a sync. */
export const words = {
  title: 'Settings',
  pace: 'Pace',
  every: (ms: number) => `One request every ${formatDuration(ms)}`,
  stopAt: 'Stops reading at',
  stopAtPercent: (percent: number) => `${percent} % of the org's daily requests`,
  version: 'API version',
  org: 'Org',
  delete: 'Delete this sync',
  deleteNamed: (name: string) => `Delete ${name}`,
  deleteCosts: 'Nothing in Salesforce. A new sync has to copy everything again.',
  deleted: (name: string) => `${name} has been deleted.`,
} as const;
