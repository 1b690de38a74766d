/** Words of the list of syncs. */
export const words = {
  title: 'All syncs',
  list: 'Syncs',
  name: 'Name',
  state: 'State',
  headline: 'Status',
  create: 'New sync',
  empty: 'No sync yet.',
} as const;
