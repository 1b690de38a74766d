/** The proxied writes that a destination in memory knows of, and what became of them. */
import type { Mirror } from 'lockstep/postgres';

type Intents = Parameters<Mirror['recordIntent']>[0];
type Intent = Omit<Intents, 'named'> & Intents['named'][number] & { sentAt: number };

interface KnownIntent extends Intent {
  outcome: string | null;
}

/** A write that was sent longer ago than any request lasts is cut off, whoever owns it. */
const requestLastsMs = 15 * 60_000;

export class MemoryIntents {
  private readonly known: KnownIntent[] = [];
  /** Those without an outcome, oldest first. */
  private readonly open = new Set<KnownIntent>();

  record({ owner, method, named }: Intents, now: number): number[] {
    return named.map((one) => {
      const known = { owner, method, ...one, outcome: null, sentAt: now };
      this.open.add(known);
      return this.known.push(known);
    });
  }

  end(intents: readonly number[], outcome: string): void {
    for (const intentNo of intents) {
      const intent = this.known[intentNo - 1];
      if (!intent) throw new Error('an outcome is that of a known intent');
      intent.outcome = outcome;
      this.open.delete(intent);
    }
  }

  areOpen(): boolean {
    return this.open.size > 0;
  }

  /** Ends those that nobody waits for any more; `open` are those of the living. */
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

  /** In the words of `SqlDestination.look`. */
  held(): string[] {
    return this.known.map(
      ({ owner, method, sobject, id, outcome }, place) =>
        `intent ${place + 1} of ${owner}: ${method} ${sobject} ${id}, ${outcome}`,
    );
  }
}
