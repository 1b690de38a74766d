import { counted } from '../../words/format.ts';

/** Words of the page of proxied requests. */
export const words = {
  title: 'Proxy',
  list: 'Writes and refused requests of the last 30 days',
  time: 'Time',
  method: 'Method',
  object: 'Object',
  outcome: 'Outcome',
  requests: 'Requests',
  byHour: 'By hour',
  reads: 'Reads',
  others: 'Writes and others',
  hoursSummary: (requests: number, hours: number) =>
    `${counted(requests, 'request')} in ${counted(hours, 'hour')} with requests.`,
  emptyHours: 'No request has come through the proxy yet.',
  empty: 'No write has come through the proxy yet.',
} as const;
