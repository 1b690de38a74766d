/** What is remembered for a while: beyond a number of entries, the ones added last. */
import type { Clock } from '@lockstep/foundation/clock';

export class ExpiringMap<Value> {
  private readonly entries = new Map<string, { value: Value; until: number }>();
  private readonly clock: Clock;
  private readonly keptMs: number;
  private readonly entriesMax: number;

  constructor(clock: Clock, { keptMs, entriesMax }: { keptMs: number; entriesMax: number }) {
    this.clock = clock;
    this.keptMs = keptMs;
    this.entriesMax = entriesMax;
  }

  get(key: string): Value | undefined {
    const entry = this.entries.get(key);
    return entry && entry.until > this.clock.now() ? entry.value : undefined;
  }

  /** Begins the entry's time anew if it was there. */
  set(key: string, value: Value): void {
    this.entries.delete(key);
    this.entries.set(key, { value, until: this.clock.now() + this.keptMs });
    for (const oldest of this.entries.keys()) {
      if (this.entries.size <= this.entriesMax) break;
      this.entries.delete(oldest);
    }
  }

  delete(key: string): void {
    this.entries.delete(key);
  }
}
