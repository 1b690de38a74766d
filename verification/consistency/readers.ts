import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from '@lockstep/foundation/database';
import { sql } from '@lockstep/foundation/sql';
import { type Compared, idOf, versionOf } from './compared-fields.ts';
import type { Row, RunEvent } from './history.ts';
import type { Known } from './records.ts';

const pauseMs = 20;

/** Reads rows as users of the mirror do, and reports what it has seen and when. */
export class Readers {
  private readonly mirror: Database;
  private readonly compared: ReadonlyMap<string, Compared>;
  private readonly now: () => number;
  private readonly tell: (seen: RunEvent) => void;
  /** The rows last seen, by Id: PostgreSQL's row version says whether one has changed. */
  private readonly last = new Map<string, { version: string; row: Row }>();

  constructor(
    mirror: Database,
    compared: ReadonlyMap<string, Compared>,
    now: () => number,
    tell: (seen: RunEvent) => void,
  ) {
    this.mirror = mirror;
    this.compared = compared;
    this.now = now;
    this.tell = tell;
  }

  /** Reads whole records once. */
  async look(records: readonly { id: string; sobject: string }[], by: string): Promise<void> {
    for (const [sobject, own] of Map.groupBy(records, (record) => record.sobject)) {
      await this.readWhole(
        sobject,
        own.map(({ id }) => id),
        by,
      );
    }
  }

  /** Reads the records over and over, one table after the other. */
  async watch(by: string, records: () => readonly Known[], signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      for (const [sobject, own] of Map.groupBy(records(), (record) => record.sobject)) {
        if (signal.aborted) return;
        await this.readChanged(
          sobject,
          own.map(({ id }) => id),
          by,
        );
        await sleep(pauseMs);
      }
      if (records().length === 0) await sleep(pauseMs);
    }
  }

  forget(record: string): void {
    this.last.delete(record);
  }

  /** Reads only row versions first, because most rows have been seen already. */
  private async readChanged(sobject: string, ids: readonly string[], by: string): Promise<void> {
    const { table } = this.of(sobject);
    const from = this.now();
    const found = await this.mirror.query<Record<string, string | null>>(sql`
      SELECT id AS "row id", xmin AS "row version" FROM ${table} WHERE id = ANY (${[...ids]}::text[])`);
    const at = this.now();
    const versions = new Map(found.map((row) => [idOf(row), versionOf(row)]));
    const fresh: string[] = [];
    for (const record of ids) {
      const version = versions.get(record);
      const last = this.last.get(record);
      if (version === undefined) this.tell({ kind: 'seen', at, from, record, row: null, by });
      else if (last?.version === version) this.tell({ kind: 'seen', at, from, record, row: last.row, by });
      else fresh.push(record);
    }
    if (fresh.length > 0) await this.readWhole(sobject, fresh, by);
  }

  private async readWhole(sobject: string, ids: readonly string[], by: string): Promise<void> {
    const { table, columns, fromMirror } = this.of(sobject);
    const from = this.now();
    const found = await this.mirror.query<Record<string, string | null>>(sql`
      SELECT ${columns} FROM ${table} WHERE id = ANY (${[...ids]}::text[])`);
    const at = this.now();
    const rows = new Map(found.map((row) => [idOf(row), row]));
    for (const record of ids) {
      const shown = rows.get(record);
      const row = shown ? fromMirror(shown) : null;
      if (shown && row) this.last.set(record, { version: versionOf(shown), row });
      this.tell({ kind: 'seen', at, from, record, row, by });
    }
  }

  private of(sobject: string): Compared {
    const compared = this.compared.get(sobject);
    if (!compared) throw new Error(`${sobject} is not compared`);
    return compared;
  }
}
