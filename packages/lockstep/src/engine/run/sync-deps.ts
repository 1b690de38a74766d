import type { Clock } from '@lockstep/foundation/clock';
import type { Activity, AnsweredQuery } from '../../control/index.ts';
import type { AppLog } from '../../core/log-fields.ts';
import type { Holder, Mirror } from '../../postgres/index.ts';
import type { Salesforce, Usage } from '../../salesforce/index.ts';
import type { RelatedRecords } from '../writes/related-records.ts';
import type { ServerClock } from './server-time.ts';

/** What a run of one sync needs. */
export interface SyncDeps {
  clock: Clock;
  log: AppLog;
  salesforce: Salesforce;
  mirror: Mirror;
  holder: Holder;
  related: RelatedRecords;
  serverClock: Pick<ServerClock, 'hear'>;
  /** Called for each query that was answered. */
  onQuery?: ((query: AnsweredQuery) => void) | undefined;
  /** Called when something has happened that people may want to know later. */
  onActivity?: ((activity: Activity) => void) | undefined;
  /** Called for each answer as soon as it arrives, with the org's usage if the answer gives it. */
  onAnswer(usage: Usage | null): void;
  /** Whether the org's quota is open now. It may close while a request is being prepared. */
  mayAsk(): boolean;
}
