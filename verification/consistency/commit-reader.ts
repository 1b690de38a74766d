import type { Database } from '@lockstep/foundation/database';
import { ident, sql } from '@lockstep/foundation/sql';
import {
  type LogCursor,
  type LogEntry,
  logStart,
  readCommitLog,
} from '@lockstep/simulated-org/write/testing';
import { type Compared, exactly } from './compared-fields.ts';
import type { Row, RunEvent } from './history.ts';
import { writeOfClient } from './wire-tap.ts';

const entriesAtOnce = 1_000;
const shownMax = 80;

/** Follows the org's own log, and derives versions from it for the records that the run knows from their beginning. */
export class CommitReader {
  private readonly org: Database;
  private readonly compared: ReadonlyMap<string, Compared>;
  private readonly known = new Map<string, { sobject: string; row: Row | null }>();
  private cursor: LogCursor = logStart;

  constructor(org: Database, compared: ReadonlyMap<string, Compared>) {
    this.org = org;
    this.compared = compared;
  }

  /** Reads records of the org in their current state, before anybody changes them. */
  async find(sobject: string, ids: readonly string[]): Promise<ReadonlyMap<string, Row>> {
    const found = await this.org.query<{ id: string; record: string }>(sql`
      SELECT "Id" AS id, to_jsonb(r)::text AS record FROM ${ident('org', sobject)} r WHERE "Id" = ANY (${[...ids]})`);
    const rows = found.map(
      ({ id, record }) => [id, this.of(sobject).fromLog(exactly(record), null)] as const,
    );
    for (const [id, row] of rows) this.known.set(id, { sobject, row });
    return new Map(rows);
  }

  /** Everything committed by now. */
  async read(now: () => number): Promise<RunEvent[]> {
    const happenings: RunEvent[] = [];
    for (let isOfNow = false; ; ) {
      isOfNow ||= this.cursor.from === this.cursor.to; // a new range of the log begins
      const { entries, next } = await readCommitLog(this.org, this.cursor, entriesAtOnce);
      this.cursor = next;
      for (const entry of entries) {
        const happening = this.happeningOf(entry, now());
        if (happening) happenings.push(happening);
      }
      if (isOfNow && next.from === next.to) return happenings;
    }
  }

  /** The sobject of a known record. */
  sobjectOf(record: string): string | undefined {
    return this.known.get(record)?.sobject;
  }

  forget(record: string): void {
    this.known.delete(record);
  }

  private happeningOf(entry: LogEntry, at: number): RunEvent | null {
    const { sobject, recordId: record, change, client } = entry;
    if (!this.compared.has(sobject)) return null;
    const before = this.known.get(record);
    if (!before && change !== 'create') return null;
    const values = exactly(entry.values);
    const row = change === 'delete' ? null : this.of(sobject).fromLog(values, before?.row ?? null);
    this.known.set(record, { sobject, row });
    const changes = change === 'update' ? ` ${JSON.stringify(values).slice(0, shownMax)}` : '';
    return { kind: 'commit', at, record, row, what: `${change}${changes}`, write: writeOfClient(client) };
  }

  private of(sobject: string): Compared {
    const compared = this.compared.get(sobject);
    if (!compared) throw new Error(`${sobject} is not compared`);
    return compared;
  }
}
