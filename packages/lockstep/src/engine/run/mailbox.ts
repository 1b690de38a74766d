import type { Clock } from '@lockstep/foundation/clock';
import { WakeSignal } from '@lockstep/foundation/wake-signal';

/** What others tell the loop of a sync. Sobjects are API names in lower case. */
export type Message =
  /** These are polled before all others. */
  | { kind: 'poll first'; sobjects: Iterable<string> }
  /**
   * So are these, and read from a local time on: a write without an Id was sent then, whose record is stamped later and
   * may be committed behind what has been read.
   */
  | { kind: 'poll since'; sobjects: Iterable<string>; sentAt: number }
  /** Something has changed that the loop looks at: settings, sync requests, work that has ended. */
  | { kind: 'news' };

/** A poll that somebody waits for. */
export interface PriorityPoll {
  /** The local time from which on it reads; null: it goes on from where the last one stopped. */
  since: number | null;
}

/** How everybody else reaches the loop of a sync: a message is kept until it is taken, and wakes the loop. */
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

  /** Takes out the poll of one sobject, where one is wanted. */
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
