/** The proxied writes recorded in a destination in memory, and their outcomes. */
import type { Mirror } from 'lockstep/postgres';

type Intents = Parameters<Mirror['recordIntent']>[0];
type Intent = Omit<Intents, 'named'> & Intents['named'][number] & { sentAt: number };

interface KnownIntent extends Intent {
  outcome: string | null;
}

/** A write sent longer ago than any request lasts counts as cut off, whoever owns it. */
const requestLastsMs = 15 * 60_000;

export class MemoryIntents {
  private readonly known = new Map<number, KnownIntent>();
  private last = 0;
  /** Intents without an outcome, oldest first. */
  private readonly open = new Set<KnownIntent>();

  record({ owner, method, named }: Intents, now: number): number[] {
    return named.map((one) => {
      const known = { owner, method, ...one, outcome: null, sentAt: now };
      this.open.add(known);
      this.last += 1;
      this.known.set(this.last, known);
      return this.last;
    });
  }

  end(intents: readonly number[], outcome: string): void {
    for (const intentNo of intents) {
      const intent = this.known.get(intentNo);
      if (intentNo > this.last) throw new Error('the outcome is of an unknown intent');
      if (!intent) continue; // refused, and recorded once more because the first answer was lost
      intent.outcome = outcome;
      this.open.delete(intent);
      if (outcome === 'refused') this.known.delete(intentNo);
    }
  }

  areOpen(): boolean {
    return this.open.size > 0;
  }

  /** Ends the intents whose proxy no longer waits; returns them, and as `open` those of living owners. */
  cutOff(living: readonly string[], now: number): { cutOff: readonly Intent[]; open: readonly Intent[] } {
    const isOver = ({ owner, sentAt }: KnownIntent) =>
      !living.includes(owner) || sentAt < now - requestLastsMs;
    const cutOff = [...this.open].filter(isOver);
    for (const intent of cutOff) {
      intent.outcome = 'unknown';
      this.open.delete(intent);
    }
    return { cutOff, open: [...this.open] };
  }

  /** In the same words as `SqlDestination.look`. */
  held(): string[] {
    return [...this.known].map(
      ([intentNo, { owner, method, sobject, id, outcome }]) =>
        `intent ${intentNo} of ${owner}: ${method} ${sobject} ${id}, ${outcome}`,
    );
  }
}
