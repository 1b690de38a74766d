/** Words of the connect page. */
export const words = {
  title: 'Connect',
  database: 'Database',
  databaseLabel: 'The address of the database',
  proxy: 'Proxy',
  proxyLabel: 'The address that takes the place of the instance URL',
  noProxy: 'No server with a proxy runs now.',
  readers: 'Logins',
  noReaders: 'No login yet. Each application gets one of its own.',
  newName: 'New login for',
  newNameHint: 'The application: small letters, digits and underscores.',
  create: 'Create login',
  shownOnce: 'Only this page shows its password, until you leave it.',
  urlLabel: 'The address with the password',
} as const;
