import type { AppLog } from '../core/log-fields.ts';
import type { Clock } from '../lib/clock.ts';
import type { Destination } from '../postgres/index.ts';
import type { Salesforce } from '../salesforce/index.ts';
import { OwedRecords } from './owed-records.ts';
import { ReadBacks } from './read-backs.ts';
import { RelatedRecords } from './related-records.ts';
import { WatchedJobs } from './watched-jobs.ts';

export interface AfterWritesDeps {
  clock: Clock;
  log: AppLog;
  /** This process. */
  owner: string;
  salesforce: Salesforce;
  /** Opened at first use. */
  destination(): Promise<Pick<Destination, 'mirror' | 'tables'>>;
  /** Has an sobject, in lower case, polled first of all. */
  pollSoon: (sobject: string) => void;
}

/** What this process does for one sync after proxied writes: what their answers wait for, and what follows later. */
export interface AfterWrites {
  readBacks: ReadBacks;
  owed: OwedRecords;
  jobs: WatchedJobs;
  /** Aborts when the sync is closed. */
  closing: AbortSignal;
  end(): void;
}

export function openAfterWrites(deps: AfterWritesDeps): AfterWrites {
  const { pollSoon } = deps;
  const closing = new AbortController();
  const related = new RelatedRecords({ ...deps, onMarked: pollSoon });
  return {
    readBacks: new ReadBacks({ ...deps, onStored: (stored) => related.stored(stored) }, closing.signal),
    owed: new OwedRecords({ ...deps, onMarked: pollSoon }),
    jobs: new WatchedJobs(deps),
    closing: closing.signal,
    end: () => closing.abort(new Error('the sync is closed')),
  };
}
