/** Words of the step that shows what the user may do. */
import { counted, formatCount } from '../../words/format.ts';

export const checkWords = {
  org: 'The org',
  name: 'Name',
  id: 'Org Id',
  edition: 'Edition',
  kind: 'Kind',
  sandbox: 'Sandbox',
  production: 'Production',
  trialEnds: 'Trial ends',
  instance: 'Instance',
  version: 'API version',
  user: 'User',
  requests: 'Requests in any 24 hours',
  requestsSay: (used: number, max: number) => `${formatCount(used)} of ${formatCount(max)} used`,
  roundTrip: 'Round trip',
  unknown: 'Salesforce does not tell',
  alreadySynced: (names: readonly string[]) =>
    `This org is already synced as ${names.join(', ')}. A second sync doubles the API use.`,
  checks: 'Checks',
  mustFix: 'Repair what must be fixed in Salesforce, then check again.',
  hidden: (count: number) => `All ${counted(count, 'hidden field')}`,
} as const;
