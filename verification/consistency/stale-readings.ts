import { setTimeout as sleep } from 'node:timers/promises';
import type { TestOrg } from '@lockstep/harness/org';

/** A reading younger than this could be mistaken for one after the write, as in a real org. */
const behindMsMin = 9_000;
const everyMs = 6_000;
const keptMax = 3;

/**
 * A lagging replica: while a write is under way, the first query for its record by Id shows the org as it was ten
 * seconds ago. Only read-backs are affected, of the record alone or together with others being written: no mirror could
 * detect that an answer to a poll is that old.
 */
export class StaleReadings {
  private readonly org: TestOrg;
  private kept: { id: string; at: number }[] = [];

  constructor(org: TestOrg) {
    this.org = org;
  }

  /** Keeps snapshots of some past states of the org. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const { id } = await this.org.control<{ id: string }>('/snapshots/open', {});
      this.kept.push({ id, at: performance.now() });
      for (const old of this.kept.splice(0, Math.max(0, this.kept.length - keptMax)))
        await this.org.control('/snapshots/close', { id: old.id });
      await sleep(everyMs, undefined, { signal }).catch(() => undefined);
    }
    this.kept = [];
    await this.org.control('/snapshots/close', {});
  }

  get areReady(): boolean {
    return this.past() !== undefined;
  }

  /** Does the work while the first reading of the record is stale. */
  async during<Result>(record: string, work: () => Promise<Result>): Promise<Result> {
    const past = this.past();
    if (!past) return work();
    const faults: string[] = [];
    for (const contains of [`IN ('${record}'`, `,'${record}'`]) {
      const match = {
        client: 'lockstep/read-back',
        inside: 'only',
        path: '/services/data/*/query*',
        contains,
      };
      const { id } = await this.org.control<{ id: string }>('/faults', {
        match,
        effect: { readFrom: past.id },
      });
      faults.push(id);
    }
    try {
      return await work();
    } finally {
      for (const id of faults) await this.org.control('/faults/delete', { id });
    }
  }

  private past(): { id: string; at: number } | undefined {
    return this.kept.findLast(({ at }) => performance.now() - at >= behindMsMin);
  }
}
