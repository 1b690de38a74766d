/** The tickets and open readings of a destination in memory. */
interface Reading {
  kind: 'tick' | 'read-back' | 'bulk';
  streams: readonly number[];
  /** The lease holder's epoch; null for a reading that does not end with the lease. */
  epoch: number | null;
  expiresAt: number;
}

export class Readings {
  private readonly open = new Map<number, Reading>();
  /** The last ticket taken. */
  last = 0;

  ticket(): number {
    return ++this.last;
  }

  /** Opens the reading and returns its first ticket. */
  begin(reading: Reading): number {
    const lo = this.ticket();
    this.open.set(lo, reading);
    return lo;
  }

  isOpen(lo: number): boolean {
    return this.open.has(lo);
  }

  /** False if somebody else has closed it. */
  close(lo: number): boolean {
    return this.open.delete(lo);
  }

  /** Keeps an open reading open until then. */
  renew(lo: number, expiresAt: number): void {
    const reading = this.open.get(lo);
    if (reading) this.open.set(lo, { ...reading, expiresAt });
  }

  /** The first tickets of the open readings of Bulk backfills. */
  ofBulk(): number[] {
    return [...this.open].flatMap(([lo, { kind }]) => (kind === 'bulk' ? [lo] : []));
  }

  /** Closes the readings that a takeover ends. */
  closeOfEpochsUpTo(epoch: number): void {
    for (const [lo, reading] of this.open) {
      if (reading.epoch !== null && reading.epoch <= epoch) this.open.delete(lo);
    }
  }

  closeExpired(now: number): void {
    for (const [lo, { expiresAt }] of this.open) if (expiresAt < now) this.open.delete(lo);
  }

  /** Whether an open reading of the stream other than `own` began before `hi`. */
  isAnotherOpen(streamNo: number, own: number, hi: number): boolean {
    for (const [lo, { streams }] of this.open) {
      if (lo < hi && lo !== own && streams.includes(streamNo)) return true;
    }
    return false;
  }

  /** Every open reading of the stream began at this ticket or later. */
  horizon(streamNo: number): number {
    for (const [lo, { streams }] of this.open) if (streams.includes(streamNo)) return lo; // the map is in ticket order
    return Infinity;
  }

  /** In the same words as `SqlDestination.look`. */
  held(): string[] {
    return [...this.open].map(
      ([lo, { kind, streams, epoch, expiresAt }]) =>
        `reading ${lo} of ${streams.join(',')}, ${kind}, epoch ${epoch}, expires at ${expiresAt}`,
    );
  }
}
