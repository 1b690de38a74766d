/**
 * What Salesforce changes along with a written record: its master's roll-ups, and the children of a deleted or merged
 * one, which are deleted with it, lose their reference or turn to another record. They are read again first of all, and
 * no answer waits for that.
 */
import type { RecordId } from '../../core/ids.ts';
import type { AppLog } from '../../core/log-fields.ts';
import { type Destination, failureFields, type StreamTable } from '../../postgres/index.ts';

/** A destination as proxied writes use it. */
/** A destination whose tables another process may plan anew. */
export type Opened = Pick<Destination, 'mirror' | 'tables' | 'reloadTables'>;

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
  /** The masters that they had before. */
  formerMasters: readonly Related[];
}

/** So many children are read again at once. Of more, the log of deletions, the recheck and the content check tell. */
const childrenMax = 2_000;

/** The mirrored masters that rows have by now. Nothing is asked where the object is nobody's detail. */
export async function mastersOf(
  { mirror, tables }: Opened,
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

/** Marks them, one search through a table at a time, however fast records are written. */
export class RelatedRecords {
  private waiting: Stored[] = [];
  private marking: Promise<void> | null = null;
  private readonly deps: {
    log: AppLog;
    destination(): Promise<Opened>;
    /** Called on each sobject with records that are marked. */
    onMarked: (sobject: string) => void;
  };

  constructor(deps: RelatedRecords['deps']) {
    this.deps = deps;
  }

  stored(stored: Stored): void {
    const isAlone = stored.deletedIds.length === 0 && !stored.table.stream.columns.some((c) => c.isDetail);
    if (isAlone) return;
    this.waiting.push(stored);
    this.marking ??= this.markAll().finally(() => {
      this.marking = null;
    });
  }

  /** Resolves when everything is marked that has been stored by then. */
  async idle(): Promise<void> {
    await this.marking;
  }

  private async markAll(): Promise<void> {
    while (this.waiting.length > 0) {
      const stored = this.waiting;
      this.waiting = [];
      await this.mark(stored).catch((error: unknown) => this.tell(error));
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

  /** Rows that refer to deleted records. A table that takes too long to search keeps no other from being searched. */
  private async markChildren(opened: Opened, { stream }: StreamTable, ids: readonly string[]): Promise<void> {
    for (const table of opened.tables.values()) {
      const columns = table.stream.columns.filter(({ refersTo }) => refersTo.includes(stream.sobject));
      if (columns.length === 0) continue;
      const children = await opened.mirror
        .rowsReferringTo(table, columns, ids, childrenMax)
        .catch((error: unknown) => this.tell(error));
      await this.markEach(opened, [{ table, ids: children ?? [] }]);
    }
  }

  private async markEach(opened: Opened, related: readonly Related[]): Promise<void> {
    for (const { table, ids } of related) {
      if (ids.length === 0) continue;
      await opened.mirror.markRows(table.stream.streamNo, ids, 'related', true);
      this.deps.onMarked(table.stream.sobject.toLowerCase());
    }
  }

  private tell(error: unknown): undefined {
    this.deps.log.warn('related records are not marked', failureFields(error));
  }
}
