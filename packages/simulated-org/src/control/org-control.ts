import type { Database } from '@lockstep/foundation/database';
import { seededRandom } from '@lockstep/foundation/random';
import { Faults } from './faults.ts';
import type { OrgClock } from './org-clock.ts';
import { PageCuts } from './page-cuts.ts';
import { Snapshots } from './snapshots.ts';
import { Transactions } from './transactions.ts';

/**
 * What the control API has done to the org, as far as it is kept in memory: all of this is forgotten when the org
 * stops. Clock, org id and everything in the database stay.
 */
export interface Jitter {
  seconds: number;
  direction: 'back' | 'both';
  share: number;
  seed: number;
}

export class OrgControl {
  readonly faults = new Faults();
  readonly cuts = new PageCuts();
  /** How many fields a query of an sobject may select, by the sobject's name as the org spells it. */
  readonly fieldLimits = new Map<string, number>();
  readonly snapshots: Snapshots;
  readonly transactions = new Transactions();
  /** An upper bound for latestDateCovered of `updated` and `deleted`. */
  coveredUntil: number | undefined;
  /** The earliestDateAvailable of `deleted`. */
  availableFrom: number | undefined;
  /** API versions up to this one are retired. */
  retiredUntil = 0;
  private readonly clock: OrgClock;
  private readonly stop = new AbortController();
  private offset: () => number = () => 0;

  constructor(db: Database, clock: OrgClock) {
    this.snapshots = new Snapshots(db);
    this.clock = clock;
  }

  /** Makes the stamps of later writes deviate. */
  set jitter({ seconds, direction, share, seed }: Jitter) {
    const random = seededRandom(seed);
    this.offset = () => {
      if (random.next() >= share) return 0;
      return 1000 * random.between(-seconds, direction === 'both' ? seconds : 0);
    };
  }

  /** Epoch ms of a stamp made now. */
  stampTime(): number {
    return this.clock.now() + this.offset();
  }

  /** In real time, as a client measures it; ends early when the org stops. */
  sleep = (ms: number): Promise<void> => this.clock.real.sleep(ms, this.stop.signal).catch(() => undefined);

  /** Resolves when the org stops. */
  readonly stopped = new Promise<void>((resolve) => {
    this.stop.signal.addEventListener('abort', () => resolve(), { once: true });
  });

  /** Called when the org stops: requests that wait are answered. */
  releaseAll(): void {
    this.stop.abort();
    this.faults.delete();
  }

  /** Called once no request can open anything any more. */
  async end(): Promise<void> {
    await this.transactions.rollBackAll();
    await this.snapshots.close();
  }
}
