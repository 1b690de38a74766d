import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '@lockstep/foundation/random';
import type { TestOrg } from '@lockstep/harness/org';
import type { Known, Records } from './records.ts';
import { shapeOf, someChange } from './shapes.ts';

/** Outsiders' writes have numbers far from those of clients. */
const firstNumber = 5_000_000;
const numbersEach = 1_000_000;
const pauseMs = [20, 250] as const;
const bulkMax = 12;
const openMs = [100, 2_500] as const;

/** Contested records that may be deleted: none refers to them. References that a deletion clears move no stamp. */
export const isVictim = ({ sobject }: Pick<Known, 'sobject'>): boolean =>
  sobject === 'Lead' || sobject === 'Invoice_Line__c';

/**
 * Somebody who writes to the org without Lockstep: single changes and several under one stamp, locks held for a while,
 * deletions, and records restored from the recycle bin.
 */
export class Outsider {
  private readonly org: TestOrg;
  private readonly records: Records;
  private readonly random: Random;
  private number: number;

  constructor(org: TestOrg, records: Records, random: Random, place: number) {
    this.org = org;
    this.records = records;
    this.random = random;
    this.number = firstNumber + place * numbersEach;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { random } = this;
    while (!signal.aborted) {
      const draw = random.next();
      if (draw < 0.6) await this.change(1);
      else if (draw < 0.7) await this.change(random.between(2, bulkMax));
      else if (draw < 0.8) await this.holdOpen(signal);
      else if (draw < 0.88) await this.remove();
      else await this.bringBack();
      await sleep(random.between(...pauseMs), undefined, { signal }).catch(() => undefined);
    }
  }

  private some(count: number): Known[] {
    const alive = this.records.contested.filter(({ isDeleted }) => !isDeleted);
    return [...new Set(Array.from({ length: count }, () => this.random.pick(alive)))];
  }

  private changesOf(records: readonly Known[]): object[] {
    return records.map(({ id, sobject }) => ({
      update: id,
      values: someChange(shapeOf(sobject), this.number++, this.random),
    }));
  }

  private change(count: number): Promise<unknown> {
    return this.control('/records/write', { writes: this.changesOf(this.some(count)) });
  }

  /** Keeps a transaction open: other writers of the same records wait, or get an error that they are locked. */
  private async holdOpen(signal: AbortSignal): Promise<void> {
    const writes = this.changesOf(this.some(this.random.between(1, 3)));
    const open = await this.control<{ id: string }>('/transactions/open', { writes });
    if (!open) return;
    await sleep(this.random.between(...openMs), undefined, { signal }).catch(() => undefined);
    const end = this.random.next() < 0.8 ? 'commit' : 'rollBack';
    await this.control(`/transactions/${end}`, { id: open.id });
  }

  private async remove(): Promise<void> {
    const victims = this.records.contested.filter((record) => isVictim(record) && !record.isDeleted);
    if (victims.length < 2) return;
    const { id } = this.random.pick(victims);
    await this.control('/records/write', { writes: [{ delete: id }] });
    this.noteDeleted(id, true);
  }

  private async bringBack(): Promise<void> {
    const gone = this.records.contested.filter(({ isDeleted }) => isDeleted);
    if (gone.length === 0) return this.change(1).then(() => undefined);
    const { id } = this.random.pick(gone);
    await this.control('/records/undelete', { ids: [id] });
    this.noteDeleted(id, false);
  }

  private noteDeleted(id: string, isDeleted: boolean): void {
    const record = this.records.get(id);
    if (record) record.isDeleted = isDeleted;
  }

  /** Ignores refusals, which come when a record is locked or gone. */
  private control<Result>(path: string, body: object): Promise<Result | undefined> {
    return this.org.control<Result>(path, body).catch(() => undefined);
  }
}
