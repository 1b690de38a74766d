/** Words of the page of what has happened. */
export const words = {
  title: 'Activity',
  list: 'The last 30 days',
  time: 'Time',
  object: 'Object',
  says: 'What happened',
  empty: 'Nothing has happened yet.',
} as const;
