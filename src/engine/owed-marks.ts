import type { RecordId } from '../core/ids.ts';
import type { AppLog } from '../core/log-fields.ts';
import type { Clock } from '../lib/clock.ts';
import type { Destination } from '../postgres/index.ts';
import { markForReading } from './read-back.ts';

const firstPauseMs = 500;
const pauseMsMax = 10_000;
/** Beyond it only the poll brings what was written: the cursors stand still as long as the database is away. */
const idsMax = 100_000;

/**
 * Marks that could not be made because the mirror's database was away when a write was answered. They are made when it
 * is back; a process that ends before loses them, and what they are about comes with the polls.
 */
export class OwedMarks {
  private readonly owed = new Map<string, Set<RecordId>>();
  private count = 0;
  private isPaying = false;
  private readonly deps: {
    clock: Clock;
    log: AppLog;
    destination(): Promise<Pick<Destination, 'mirror' | 'tables'>>;
    onMarked: (sobject: string) => void;
  };

  constructor(deps: OwedMarks['deps']) {
    this.deps = deps;
  }

  /** @param sobject  API name in lower case */
  add(sobject: string, ids: readonly RecordId[], signal: AbortSignal): void {
    const known = this.owed.get(sobject) ?? new Set();
    this.owed.set(sobject, known);
    for (const id of ids) {
      if (this.count >= idsMax || known.has(id)) continue;
      known.add(id);
      this.count++;
    }
    if (!this.isPaying) void this.pay(signal);
  }

  private async pay(signal: AbortSignal): Promise<void> {
    const { clock, log, onMarked } = this.deps;
    this.isPaying = true;
    for (let pauseMs = firstPauseMs; this.owed.size > 0; pauseMs = Math.min(pauseMs * 2, pauseMsMax)) {
      const isOver = await clock.sleep(pauseMs, signal).then(
        () => false,
        () => true,
      );
      if (isOver) break;
      for (const [sobject, ids] of this.owed) {
        const isMarked = await this.mark(sobject, [...ids]);
        if (!isMarked) break;
        this.owed.delete(sobject);
        this.count -= ids.size;
        log.info('marks are made that were owed', { stream: sobject, rows: ids.size });
        onMarked(sobject);
      }
    }
    this.isPaying = false;
  }

  private async mark(sobject: string, ids: readonly RecordId[]): Promise<boolean> {
    try {
      await markForReading(await this.deps.destination(), sobject, ids);
      return true;
    } catch {
      return false;
    }
  }
}
