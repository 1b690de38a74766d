/**
 * Work in the background of a sync's shared requests: what takes long, such as counting a table, so that no poll
 * waits for it. Its result takes effect between two requests, when no shared request is under way.
 */

import { Fault } from '../../core/faults.ts';
import type { AppLog } from '../../core/log-fields.ts';
import { failureFields } from '../../postgres/index.ts';
import type { Mailbox } from './mailbox.ts';
import type { SyncState } from './sync-state.ts';

/** Puts the result of the work into the state and the mirror. */
export type Effect = (state: SyncState) => Promise<SyncState>;

export class BackgroundWork {
  /** Names stay here until their effect is taken. */
  private readonly underWay = new Set<string>();
  private readonly ended: { name: string; effect: Effect }[] = [];
  private readonly stopping = new AbortController();
  private readonly mailbox: Pick<Mailbox, 'post'>;
  private readonly log: AppLog;

  constructor(mailbox: Pick<Mailbox, 'post'>, log: AppLog) {
    this.mailbox = mailbox;
    this.log = log;
  }

  isUnderWay(name: string): boolean {
    return this.underWay.has(name);
  }

  /** Whether something waits to take effect. */
  get hasEnded(): boolean {
    return this.ended.length > 0;
  }

  /**
   * Begins work, unless work with this name is under way.
   *
   * @param failed  the effect of a failure, which is a fault or the database's error
   */
  begin(
    name: string,
    work: (signal: AbortSignal) => Promise<Effect>,
    failed: (error: unknown) => Effect,
  ): void {
    if (this.underWay.has(name)) return;
    this.underWay.add(name);
    void work(this.stopping.signal)
      .catch((error: unknown) => {
        const where = error instanceof Fault ? error.code : name;
        this.log.warn('background work failed', { where, ...failureFields(error) });
        return failed(error);
      })
      .then((effect) => {
        if (this.stopping.signal.aborted) return;
        this.ended.push({ name, effect });
        this.mailbox.post({ kind: 'news' });
      });
  }

  async takeEffect(state: SyncState): Promise<SyncState> {
    let next = state;
    for (let one = this.ended.shift(); one; one = this.ended.shift()) {
      next = await one.effect(next);
      this.underWay.delete(one.name);
    }
    return next;
  }

  /** From now on no work takes effect. Statements that still run in a database end with its connections. */
  stop(): void {
    this.stopping.abort();
  }
}
