import type { Clock } from '@lockstep/foundation/clock';
import { WakeSignal } from '@lockstep/foundation/wake-signal';

/** A message to the loop of a sync. Sobjects are API names in lower case. */
export type Message =
  /** Poll these before all others. */
  | { kind: 'poll first'; sobjects: Iterable<string> }
  /**
   * Poll these first too, and read from this local time on. A write without a known Id was sent then; its record is
   * stamped later than that, but may be committed behind the head's position.
   */
  | { kind: 'poll since'; sobjects: Iterable<string>; sentAt: number }
  /** Something changed that the loop checks: settings, sync requests, background work that has ended. */
  | { kind: 'news' };

/** A poll that somebody waits for. */
export interface PriorityPoll {
  /** The local time to read from; null: it continues where the last poll stopped. */
  since: number | null;
}

/** How others reach the loop of a sync: a message is kept until it is taken, and wakes the loop. */
export class Mailbox {
  private readonly polls = new Map<string, PriorityPoll>();
  private readonly wake: WakeSignal;

  constructor(wake: WakeSignal = new WakeSignal()) {
    this.wake = wake;
  }

  post(message: Message): void {
    if (message.kind !== 'news') {
      const sentAt = message.kind === 'poll since' ? message.sentAt : Number.POSITIVE_INFINITY;
      for (const sobject of message.sobjects) {
        const since = Math.min(sentAt, this.polls.get(sobject)?.since ?? Number.POSITIVE_INFINITY);
        this.polls.set(sobject, { since: Number.isFinite(since) ? since : null });
      }
    }
    this.wake.notify();
  }

  /** Takes out the priority poll of one sobject, if there is one. */
  take(sobject: string): PriorityPoll | null {
    const poll = this.polls.get(sobject) ?? null;
    this.polls.delete(sobject);
    return poll;
  }

  /** Resolves after `ms` or at the next message; rejects with the signal's reason when it aborts. */
  wait(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
    return this.wake.wait(clock, ms, signal);
  }
}
