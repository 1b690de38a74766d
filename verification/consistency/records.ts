/** The records that the run knows: who may write them, and which are watched. */
export interface Known {
  id: string;
  sobject: string;
  /** When somebody last wrote it, in milliseconds of the run. */
  touchedAt: number;
  /** Everybody writes it. */
  isContested: boolean;
  /** No client currently owns it. */
  isLeft: boolean;
  isDeleted: boolean;
  /** Anybody may find it by external Id and write it, even if nobody owns it. */
  isShared: boolean;
}

/** How long a record is watched after a write. */
const watchedMs = 12_000;
/** When it is over: after longer than a request and reading the log take. */
const overAfterMs = 30_000;

export class Records {
  private readonly known = new Map<string, Known>();
  private readonly now: () => number;
  readonly contested: Known[] = [];

  constructor(now: () => number) {
    this.now = now;
  }

  /** Adds a record; a known one stays unchanged. */
  add(sobject: string, id: string, by: { isContested?: boolean; isShared?: boolean } = {}): Known {
    const there = this.known.get(id);
    if (there) return there;
    const { isContested = false, isShared = false } = by;
    const about = { id, sobject, touchedAt: this.now(), isLeft: !isContested, isDeleted: false };
    const record = { ...about, isContested, isShared };
    this.known.set(id, record);
    if (isContested) this.contested.push(record);
    return record;
  }

  get(id: string): Known | undefined {
    return this.known.get(id);
  }

  touch(id: string): void {
    const record = this.known.get(id);
    if (record) record.touchedAt = this.now();
  }

  /** Takes ownership of a record; false if another client owns it. */
  take(record: Known): boolean {
    const isFree = record.isLeft && !record.isDeleted;
    if (isFree) record.isLeft = false;
    return isFree;
  }

  leave(record: Known): void {
    record.isLeft = true;
    record.touchedAt = this.now();
  }

  /** Records written lately, contested ones, and those with a version still to become visible. */
  watched(awaited: ReadonlySet<string>): Known[] {
    const since = this.now() - watchedMs;
    return [...this.known.values()].filter(
      ({ id, touchedAt, isContested }) => isContested || touchedAt >= since || awaited.has(id),
    );
  }

  /** Removes and returns the records that are over. */
  removeFinished(awaited: ReadonlySet<string>): Known[] {
    const since = this.now() - overAfterMs;
    const over = [...this.known.values()].filter(
      ({ id, isLeft, isShared, isDeleted, touchedAt }) =>
        isLeft && (isDeleted || !isShared) && touchedAt < since && !awaited.has(id),
    );
    for (const { id } of over) this.known.delete(id);
    return over;
  }
}
