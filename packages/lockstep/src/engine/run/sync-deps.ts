import type { Clock } from '@lockstep/foundation/clock';
import type { AppLog } from '../../core/log-fields.ts';
import type { Holder, Mirror } from '../../postgres/index.ts';
import type { Salesforce, Usage } from '../../salesforce/index.ts';
import type { RelatedRecords } from '../writes/related-records.ts';
import type { ServerClock } from './server-time.ts';

/** What the running of one sync works with. */
export interface SyncDeps {
  clock: Clock;
  log: AppLog;
  salesforce: Salesforce;
  mirror: Mirror;
  holder: Holder;
  related: RelatedRecords;
  serverClock: Pick<ServerClock, 'hear'>;
  /** Called on each query that was answered. */
  onQuery?: ((query: { sobject: string; kind: string; rows: number }) => void) | undefined;
  /** Called on each answer with what it says of the org's quota, as soon as it has come. */
  onAnswer(usage: Usage | null): void;
  /** Whether the org's quota is open now. It closes while a request is prepared. */
  mayAsk(): boolean;
}
