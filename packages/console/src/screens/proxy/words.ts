import { counted } from '../../words/format.ts';

const outcomes = {
  applied: { word: 'Stored', says: 'SQL showed the write before its answer was given.' },
  pending: { word: 'Pending', says: 'Salesforce has accepted the write; the row follows within seconds.' },
  polled: { word: 'Polled', says: 'Which records it wrote is not known, so the tables are read at once.' },
  'passed on': { word: 'Passed on', says: 'It concerned no mirrored record.' },
  refused: {
    word: 'Refused',
    says: 'Salesforce refused it, or the proxy did, with the code that stands here.',
  },
  unknown: {
    word: 'Unknown',
    says: 'Its answer was lost: nobody knows whether Salesforce did it. Look the record up before you repeat a create.',
  },
  'caller left': { word: 'Caller left', says: 'The caller closed the connection before the answer.' },
  read: { word: 'Read', says: 'It changed nothing.' },
} as const;

/** Words of the page of proxied requests. */
export const words = {
  title: 'Proxy',
  list: 'Writes and refused requests of the last 30 days',
  filters: 'Filters of the list',
  note: 'Bodies, queries and tokens are never stored. Reads are only counted.',
  time: 'Time',
  method: 'Method',
  object: 'Object',
  otherObject: 'Another, or several',
  record: 'Record',
  outcome: 'Outcome',
  anyOutcome: 'All outcomes',
  from: 'From',
  status: 'Status',
  took: 'Took',
  requests: 'Requests',
  byHour: 'By hour',
  tabs: 'Views',
  reads: 'Reads',
  others: 'Writes and others',
  outcomes,
  clear: 'Clear filters',
  hoursSummary: (requests: number, hours: number) =>
    `${counted(requests, 'request')} in ${counted(hours, 'hour')} with requests.`,
  emptyHours: 'No request has come through the proxy in this time.',
  hoursRange: 'Range',
  ranges: { day: 'Last 24 hours', week: 'Last 7 days', month: 'Last 30 days' },
  empty: 'No write has come through the proxy yet.',
  openConnect: 'Connect an application',
  nothingMatches: 'Nothing matches these filters.',
  older: 'Show older requests',
  allShown: (count: number) => `${counted(count, 'request')}. These are all.`,
  lastDay: 'The last 24 hours',
  parts: {
    salesforce: "Salesforce's answer",
    readBack: 'Reading back',
    store: 'Storing',
    rest: 'Everything else',
  },
  requestId: 'Request',
  code: 'Code',
  openObject: (object: string) => `Open ${object}`,
  refresh: 'Read again',
} as const;
