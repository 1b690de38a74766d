/**
 * What Salesforce changes along with a written record: its master's roll-ups, and the children of a deleted or merged
 * record, which are deleted with it, lose their reference or get another one. They are read again with priority, but
 * no answer waits for that.
 */
import type { RecordId } from '../../core/ids.ts';
import type { AppLog } from '../../core/log-fields.ts';
import { type Destination, failureFields, type StreamTable } from '../../postgres/index.ts';

/** A destination as proxied writes use it; another process may replan its tables. */
export type WritesDestination = Pick<Destination, 'mirror' | 'tables' | 'reloadTables'>;

/** Records of one stream. */
export interface Related {
  table: StreamTable;
  ids: readonly RecordId[];
}

/** Records that a read-back has stored, or that a poll found merged. */
export interface Stored {
  table: StreamTable;
  ids: readonly string[];
  deletedIds: readonly string[];
  /** The masters that the records had before. */
  formerMasters: readonly Related[];
}

/** How many children are read again at once. The log of deletions, the recheck and the content check find the rest. */
const childrenMax = 2_000;

/** The current masters of rows, in mirrored tables. Makes no query if the object has no masters. */
export async function mastersOf(
  { mirror, tables }: WritesDestination,
  table: StreamTable,
  ids: readonly string[],
): Promise<Related[]> {
  const details = table.stream.columns.filter(({ isDetail }) => isDetail);
  if (details.length === 0 || ids.length === 0) return [];
  const masters: Related[] = [];
  for (const master of tables.values()) {
    const columns = details.filter(({ refersTo }) => refersTo.includes(master.stream.sobject));
    if (columns.length === 0) continue;
    masters.push({ table: master, ids: await mirror.referencesOf(table, columns, ids) });
  }
  return masters;
}

/** Marks related records, searching one table at a time however fast records are written. */
export class RelatedRecords {
  private waiting: Stored[] = [];
  private marking: Promise<void> | null = null;
  private readonly deps: {
    log: AppLog;
    destination(): Promise<WritesDestination>;
    /** Called for each sobject that had records marked. */
    onMarked: (sobject: string) => void;
  };

  constructor(deps: RelatedRecords['deps']) {
    this.deps = deps;
  }

  stored(stored: Stored): void {
    const hasNoRelated =
      stored.deletedIds.length === 0 && !stored.table.stream.columns.some((c) => c.isDetail);
    if (hasNoRelated) return;
    this.waiting.push(stored);
    this.marking ??= this.markAll().finally(() => {
      this.marking = null;
    });
  }

  /** Resolves when everything stored so far has been marked. */
  async idle(): Promise<void> {
    await this.marking;
  }

  private async markAll(): Promise<void> {
    while (this.waiting.length > 0) {
      const stored = this.waiting;
      this.waiting = [];
      await this.mark(stored).catch((error: unknown) => this.logFailure(error));
    }
  }

  private async mark(stored: readonly Stored[]): Promise<void> {
    const opened = await this.deps.destination();
    for (const { formerMasters } of stored) await this.markEach(opened, formerMasters);
    for (const [table, group] of Map.groupBy(stored, (one) => one.table)) {
      const ids = group.flatMap((one) => one.ids);
      await this.markEach(opened, await mastersOf(opened, table, ids));
      const deletedIds = group.flatMap((one) => one.deletedIds);
      if (deletedIds.length > 0) await this.markChildren(opened, table, deletedIds);
    }
  }

  /** Marks rows that refer to deleted records. A table whose search takes too long does not hold up the others. */
  private async markChildren(
    opened: WritesDestination,
    { stream }: StreamTable,
    ids: readonly string[],
  ): Promise<void> {
    for (const table of opened.tables.values()) {
      const columns = table.stream.columns.filter(({ refersTo }) => refersTo.includes(stream.sobject));
      if (columns.length === 0) continue;
      const children = await opened.mirror
        .rowsReferringTo(table, columns, ids, childrenMax)
        .catch((error: unknown) => this.logFailure(error));
      await this.markEach(opened, [{ table, ids: children ?? [] }]);
    }
  }

  private async markEach(opened: WritesDestination, related: readonly Related[]): Promise<void> {
    for (const { table, ids } of related) {
      if (ids.length === 0) continue;
      await opened.mirror.markRows(table.stream.streamNo, ids, 'related', true);
      this.deps.onMarked(table.stream.sobject.toLowerCase());
    }
  }

  private logFailure(error: unknown): undefined {
    this.deps.log.warn('related records are not marked', failureFields(error));
  }
}
