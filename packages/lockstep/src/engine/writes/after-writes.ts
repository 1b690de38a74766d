import type { Clock } from '@lockstep/foundation/clock';
import type { AppLog } from '../../core/log-fields.ts';
import type { Salesforce } from '../../salesforce/index.ts';
import type { Mailbox } from '../run/mailbox.ts';
import { DeferredRecords } from './deferred-records.ts';
import { ReadBacks } from './read-backs.ts';
import { RelatedRecords, type WritesDestination } from './related-records.ts';
import { WatchedJobs } from './watched-jobs.ts';

export interface AfterWritesDeps {
  clock: Clock;
  log: AppLog;
  /** This process. */
  owner: string;
  salesforce: Salesforce;
  /** Opened at first use. */
  destination(): Promise<WritesDestination>;
  mailbox: Mailbox;
}

/** What this process does for one sync after proxied writes, both before their answers are sent and later. */
export interface AfterWrites {
  readBacks: ReadBacks;
  deferred: DeferredRecords;
  jobs: WatchedJobs;
  /** Has sobjects, in lower case, polled with priority. */
  pollSoon(sobjects: Iterable<string>): void;
  end(): void;
}

export function openAfterWrites({ mailbox, ...deps }: AfterWritesDeps): AfterWrites {
  const closing = new AbortController();
  const { signal } = closing;
  const pollSoon = (sobjects: Iterable<string>) => mailbox.post({ kind: 'poll first', sobjects });
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
