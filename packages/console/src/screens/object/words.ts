/** Words of the page of one object. */
export const words = {
  table: 'Table',
  rows: 'Rows',
  read: 'Read until',
  counts: 'Counts verified',
  missing: (name: string) => `This sync has no object ${name}`,
  missingSays: 'It may have been removed, or the address is wrong.',
  all: 'All objects',
  verify: 'Verify',
  levels: { counts: 'Counts', ids: 'Ids', content: 'Content' },
  levelHints: {
    counts: 'As many rows as records?',
    ids: 'The same Ids?',
    content: 'The same values?',
  },
  asked: (name: string) => `${name} is being compared with Salesforce.`,
} as const;
