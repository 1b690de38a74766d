/** The proxied writes that a destination in memory knows of, and what became of them. */
import type { Mirror } from '../src/postgres/index.ts';

type Intent = Parameters<Mirror['recordIntent']>[0];

interface KnownIntent extends Intent {
  outcome: string | null;
  sentAt: number;
}

/** A write that was sent longer ago than any request lasts is cut off, whoever owns it. */
const requestLastsMs = 15 * 60_000;

export class MemoryIntents {
  private readonly known: KnownIntent[] = [];

  record(intent: Intent, now: number): number {
    return this.known.push({ ...intent, outcome: null, sentAt: now }) - 1;
  }

  end(intentNo: number, outcome: string): void {
    const intent = this.known[intentNo];
    if (!intent) throw new Error('an outcome is that of a known intent');
    intent.outcome = outcome;
  }

  /** Ends those that nobody waits for any more; `open` are these and those of the living. */
  cutOff(living: readonly string[], now: number): { open: readonly Intent[]; count: number } {
    const open = this.known.filter(({ outcome }) => outcome === null);
    const ended = open.filter(
      ({ owner, sentAt }) => !living.includes(owner) || sentAt < now - requestLastsMs,
    );
    for (const intent of ended) intent.outcome = 'unknown';
    return { open, count: ended.length };
  }
}
