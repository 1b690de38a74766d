/**
 * A destination on a real server for the simulation: the project's own tables and statements, emptied for each seed.
 *
 * The server uses the simulation's clock. Sessions look functions up in the schema `simulated` first, whose
 * `clock_timestamp()` returns the instant of the run set in the session; so readings expire, cut-off writes age and
 * logs are purged by the run's own time, without a change to any statement. One connection makes all calls, one after
 * the other, so that a seed gives the same run each time.
 */
import { randomBytes } from 'node:crypto';
import { type Database, databaseUrl, openDatabase } from '@lockstep/foundation/database';
import { ident, sql } from '@lockstep/foundation/sql';
import { openServer } from '@lockstep/harness/postgres-server';
import { createTable, type Mirror, mirrorIn, prepareDestination, type StreamTable } from 'lockstep/postgres';
import { mergeStatements, planOnceByIndex } from 'lockstep/postgres/testing';
import { orgId } from './network.ts';
import { planOf } from './tables.ts';

const schema = 'salesforce';

const simulatedClock = `
CREATE SCHEMA simulated;
CREATE FUNCTION simulated.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE
  RETURN to_timestamp(current_setting('simulated.now')::bigint / 1000.0);`;

const settings = {
  ...planOnceByIndex,
  search_path: 'simulated,pg_catalog',
  'simulated.now': '0',
  synchronous_commit: 'off', // nothing here outlives the server
};

/** One entry of a destination's state: its text, and for a cursor the position, which is compared as a value. */
export interface StateEntry {
  text: string;
  position: unknown;
}

/** What the status view claims for a stream: everything stamped before this second is in the mirror. */
export interface Claim {
  sobject: string;
  settledUntil: number;
}

export interface Look {
  /** The state, in the same words as `MemoryDestination.held`, in no particular order. */
  held: StateEntry[];
  claims: Claim[];
}

export class SqlDestination implements AsyncDisposable {
  readonly mirror: Mirror;
  private readonly db: Database;
  private readonly drop: () => Promise<void>;
  private rowTexts: readonly string[] = [];
  private serverVersion = 0;

  private constructor(db: Database, drop: () => Promise<void>) {
    this.db = db;
    this.drop = drop;
    this.mirror = mirrorIn(db);
  }

  /** Opens a destination in a new database, which is dropped with it. */
  static async open(): Promise<SqlDestination> {
    const server = await openServer();
    const name = `simulation_${randomBytes(6).toString('hex')}`;
    const admin = openDatabase({ url: server.url, applicationName: 'simulation', connectionsMax: 1 });
    await admin.query(sql`CREATE DATABASE ${ident(name)}`);
    const url = databaseUrl(server.url, { database: name });
    const db = openDatabase({ url, applicationName: 'simulation', connectionsMax: 1, settings });
    await db.script(`${simulatedClock} CREATE SCHEMA _lockstep; CREATE SCHEMA ${schema}`);
    const [login] = await db.query<{ name: string }>(sql`SELECT current_user::text AS name`);
    const owner = login?.name ?? '';
    await prepareDestination(db, { syncId: 'sync', orgId, tableSchema: schema, owner });
    return new SqlDestination(db, async () => {
      await db.end();
      await admin.query(sql`DROP DATABASE ${ident(name)}`);
      await admin.end();
      await server[Symbol.asyncDispose]();
    });
  }

  /** Empties everything, restarts sequences, and begins again with these streams. */
  async begin(sobjects: readonly string[]): Promise<StreamTable[]> {
    this.rowTexts = sobjects.map(rowText);
    const [server] = await this.db.query<{ version: number }>(
      sql`SELECT current_setting('server_version_num')::integer AS version`,
    );
    this.serverVersion = server?.version ?? 0;
    return this.db.transaction(async (tx) => {
      const filled = await tx.query<{ name: string }>(sql`
        SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables
         WHERE schemaname = ${schema}
            OR schemaname = '_lockstep' AND tablename NOT IN ('migration', 'sync', 'kept_table')`);
      // The tables of the run before are this mirror's own, and taken up again.
      await tx.script(`
        INSERT INTO _lockstep.kept_table (table_name, sobject, org_id)
          SELECT c.table_name, c.sobject, s.org_id FROM _lockstep.checkpoint c, _lockstep.sync s
          ON CONFLICT DO NOTHING;
        TRUNCATE ${filled.map(({ name }) => name).join(', ')} RESTART IDENTITY;
        ALTER SEQUENCE _lockstep.ticket RESTART;
        UPDATE _lockstep.sync SET epoch = 0`);
      const tables: StreamTable[] = [];
      for (const sobject of sobjects) {
        const stream = await createTable(tx, schema, planOf(sobject));
        tables.push({ stream, merge: mergeStatements(stream, this.serverVersion) });
      }
      return tables;
    });
  }

  /** Whether the server's COPY can leave out what does not fit; before, everything goes by way of a staging table. */
  get copiesDirectly(): boolean {
    return this.serverVersion >= 170_000;
  }

  /** @param now  in whole milliseconds */
  async setClock(now: number): Promise<void> {
    await this.db.query({
      name: 'clock',
      text: `SELECT set_config('simulated.now', $1, false)`,
      values: [String(now)],
    });
  }

  /** The current state, of these kinds only. */
  async look(kinds: readonly HeldKind[]): Promise<Look> {
    const texts = kinds.flatMap((kind) => (kind === 'row' ? this.rowTexts : textOf[kind]));
    const name = ['held', this.rowTexts.length, ...kinds.map((kind) => heldKinds.indexOf(kind))].join('_');
    const entries = await this.db.query<StateEntry>({ name, text: texts.join('\nUNION ALL\n'), values: [] });
    return {
      held: entries.filter(({ text }) => text !== 'claim'),
      claims: entries.flatMap(({ text, position }) => (text === 'claim' ? (position as Claim) : [])),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.drop();
  }
}

const rowText = (sobject: string, place: number) => `
SELECT format('row ${place + 1} %s %s %s %s %s %s', id, a__c, b__c, formula__c, life__c,
              extract(epoch FROM systemmodstamp)::bigint) AS text,
       NULL::jsonb AS position
  FROM ${schema}."${planOf(sobject).table}"`;

/** The texts match those of `heldBy`, and of the memory form's intents and readings. */
const textOf = {
  mark: `
SELECT format('mark %s %s since %s, at first %s, %s, urgent: %s', stream_no, id, since_ticket, first_since_ticket, reason, urgent) AS text,
       NULL::jsonb AS position
  FROM _lockstep.dirty`,
  aside: `
SELECT format('aside %s %s %s, tries %s, stamped %s, again at %s', stream_no, id, code, tries,
              CASE WHEN code = 'misfit' THEN coalesce(extract(epoch FROM stamped_at)::bigint::text, 'null') ELSE '?' END,
              (extract(epoch FROM retry_at) * 1000)::bigint) AS text,
       NULL::jsonb AS position
  FROM _lockstep.quarantine`,
  removal: `
SELECT format('removal %s %s: %s', stream_no, extract(epoch FROM hour)::bigint, rows) AS text, NULL::jsonb AS position
  FROM _lockstep.removal`,
  fence: `
SELECT format('fence %s %s from %s to %s, stamp %s, deleted: %s, partial: %s', stream_no, id, lo, hi,
              coalesce(extract(epoch FROM stamp)::bigint::text, 'null'), deleted, partial) AS text,
       NULL::jsonb AS position
  FROM _lockstep.fence`,
  reading: `
SELECT format('reading %s of %s, %s, epoch %s, expires at %s', lo, array_to_string(streams, ','), kind,
              coalesce(epoch::text, 'null'), (extract(epoch FROM expires_at) * 1000)::bigint) AS text,
       NULL::jsonb AS position
  FROM _lockstep.observation`,
  page: `
SELECT format('page %s %s %s: %s rows to %s, done: %s', stream_no, page_no, path, rows, coalesce(last_id, 'null'),
              is_done) AS text,
       NULL::jsonb AS position
  FROM _lockstep.bulk_page`,
  seen: `
SELECT format('seen %s %s', stream_no, id) AS text, NULL::jsonb AS position FROM _lockstep.seen`,
  cursor: `
SELECT format('cursor %s %s, version %s', stream_no, kind, version) AS text, position
  FROM _lockstep.cursor`,
  intent: `
SELECT format('intent %s of %s: %s %s %s, %s', intent_no, owner, method, sobject, coalesce(id, 'null'),
              coalesce(outcome, 'null')) AS text,
       NULL::jsonb AS position
  FROM _lockstep.intent`,
  stream: `
SELECT format('stream %s %s by %s, %s rows of %s, %s absent, copied at %s', stream_no, state,
              coalesce(stop_code, 'null'), rows, coalesce(rows_expected::text, 'null'), absent_rows,
              coalesce(extract(epoch FROM backfilled_at)::bigint::text, 'null')) AS text,
       NULL::jsonb AS position
  FROM _lockstep.checkpoint`,
  claim: `
SELECT 'claim' AS text,
       jsonb_build_object('sobject', sobject, 'settledUntil', extract(epoch FROM settled_until)::bigint) AS position
  FROM _lockstep.status WHERE settled_until IS NOT NULL`,
  epoch: `
SELECT format('epoch %s', epoch) AS text, NULL::jsonb AS position FROM _lockstep.sync`,
  ticket: `
SELECT format('ticket %s', CASE WHEN is_called THEN last_value ELSE 0 END) AS text, NULL::jsonb AS position
  FROM _lockstep.ticket`,
};

export type HeldKind = 'row' | keyof typeof textOf;
export const heldKinds = ['row', ...Object.keys(textOf)] as readonly HeldKind[];
