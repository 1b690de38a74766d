import type { Clock } from '@lockstep/foundation/clock';
import type { WakeSignal } from '@lockstep/foundation/wake-signal';
import type { AppLog } from '../../core/log-fields.ts';
import type { Salesforce } from '../../salesforce/index.ts';
import { DeferredRecords } from './deferred-records.ts';
import { pollFirst } from './polled-first.ts';
import { ReadBacks } from './read-backs.ts';
import { type Opened, RelatedRecords } from './related-records.ts';
import { WatchedJobs } from './watched-jobs.ts';

export interface AfterWritesDeps {
  clock: Clock;
  log: AppLog;
  /** This process. */
  owner: string;
  salesforce: Salesforce;
  /** Opened at first use. */
  destination(): Promise<Opened>;
  /** As in {@link LeasedSync}: what is to be polled first of all. */
  urgent: Set<string>;
  wake: WakeSignal;
}

/** What this process does for one sync after proxied writes: what their answers wait for, and what follows later. */
export interface AfterWrites {
  readBacks: ReadBacks;
  deferred: DeferredRecords;
  jobs: WatchedJobs;
  /** Has sobjects, in lower case, polled first of all. */
  pollSoon(sobjects: Iterable<string>): void;
  end(): void;
}

export function openAfterWrites({ urgent, wake, ...deps }: AfterWritesDeps): AfterWrites {
  const closing = new AbortController();
  const { signal } = closing;
  const pollSoon = (sobjects: Iterable<string>) => pollFirst({ urgent, wake }, sobjects);
  const onMarked = (sobject: string) => pollSoon([sobject]);
  const related = new RelatedRecords({ ...deps, onMarked });
  return {
    readBacks: new ReadBacks({ ...deps, onStored: (stored) => related.stored(stored) }, signal),
    deferred: new DeferredRecords({ ...deps, onMarked }, signal),
    jobs: new WatchedJobs({ ...deps, pollSoon: onMarked }, signal),
    pollSoon,
    end: () => closing.abort(new Error('the sync is closed')),
  };
}
