/** The tickets of a destination in memory, and the readings that are under way there. */
interface Reading {
  streams: readonly number[];
  /** Of the lease holder that makes it; null for a read-back. */
  epoch: number | null;
  expiresAt: number;
}

export class Readings {
  private readonly open = new Map<number, Reading>();
  /** The ticket that was taken last. */
  last = 0;

  ticket(): number {
    return ++this.last;
  }

  /** Its first ticket. */
  begin(reading: Reading): number {
    const lo = this.ticket();
    this.open.set(lo, reading);
    return lo;
  }

  isOpen(lo: number): boolean {
    return this.open.has(lo);
  }

  /** False where somebody else has closed it. */
  close(lo: number): boolean {
    return this.open.delete(lo);
  }

  /** What a takeover closes. */
  closeOfEpochsUpTo(epoch: number): void {
    for (const [lo, reading] of this.open) {
      if (reading.epoch !== null && reading.epoch <= epoch) this.open.delete(lo);
    }
  }

  closeExpired(now: number): void {
    for (const [lo, { expiresAt }] of this.open) if (expiresAt < now) this.open.delete(lo);
  }

  /** Whether a reading of the stream besides `own` began before `hi`. */
  isAnotherOpen(streamNo: number, own: number, hi: number): boolean {
    for (const [lo, { streams }] of this.open) {
      if (lo < hi && lo !== own && streams.includes(streamNo)) return true;
    }
    return false;
  }

  /** Every open reading of the stream began at this ticket or later. */
  horizon(streamNo: number): number {
    for (const [lo, { streams }] of this.open) if (streams.includes(streamNo)) return lo; // kept in their order
    return Infinity;
  }

  /** In the words of `SqlDestination.look`. */
  held(): string[] {
    return [...this.open].map(
      ([lo, { streams, epoch, expiresAt }]) =>
        `reading ${lo} of ${streams.join(',')}, epoch ${epoch}, expires at ${expiresAt}`,
    );
  }
}
