/** Words of the list of syncs. */
export const words = {
  title: 'All syncs',
  list: 'Syncs',
  name: 'Name',
  org: 'Org',
  state: 'State',
  headline: 'Status',
  behind: 'Behind',
  quota: 'Quota used',
  create: 'New sync',
  emptyTitle: 'No sync yet.',
  empty: 'A sync copies the records of a Salesforce org into PostgreSQL, and keeps them as they are there.',
  connect: 'Connect Salesforce',
  demo: 'Or look around first, with a simulated org that nobody else sees: stop this server, and run',
  demoLabel: 'The command that starts the demo',
} as const;
