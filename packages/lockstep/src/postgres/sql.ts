import type { Tx } from '@lockstep/foundation/database';
import { ident, sql } from '@lockstep/foundation/sql';
import type { ColumnPlan } from './plan-table.ts';

/**
 * The statements on a destination's bookkeeping, one function each. The statement that writes mirror rows is generated
 * per table: merge-statement.ts.
 */

export interface CheckpointRow {
  stream_no: number;
  sobject: string;
  table_name: string;
  plan_version: number;
  state: 'queued' | 'backfilling' | 'current' | 'stopped';
  stop_code: string | null;
  rows: number;
  rows_expected: number | null;
  backfilled: boolean;
}

export interface ColumnRow {
  stream_no: number;
  field: string;
  column_name: string;
  field_type: string;
  formula: boolean;
  refers_to: string[];
  is_detail: boolean;
  is_hidden: boolean;
  is_left_out: boolean;
  /** The second of Salesforce's time since which a formerly hidden field is read again. */
  returned_at: number | null;
  ready: boolean;
  /** The column whose name this one takes when it is complete. */
  replaces: string | null;
  /** Definitions of indexes that are still to be made. */
  made_again: string[];
  formula_text: string | null;
  durable_id: string | null;
}

export interface CursorRow {
  stream_no: number;
  kind: string;
  position: unknown;
  version: number;
}

/** No row: nothing has been created in this database yet. */
export const selectBookkeeping = (tx: Tx) =>
  tx.query(sql`SELECT WHERE to_regclass('_lockstep.migration') IS NOT NULL`);

/** The one row that says which sync and org this mirror belongs to. No row: the destination is new. */
export const selectSync = (tx: Tx) =>
  tx.query<{ sync_id: string; org_id: string; epoch: number; table_schema: string }>(sql`
  SELECT sync_id, org_id, epoch, table_schema FROM _lockstep.sync`);

export const insertSync = (tx: Tx, syncId: string, orgId: string, tableSchema: string) =>
  tx.query(sql`
  INSERT INTO _lockstep.sync (sync_id, org_id, table_schema) VALUES (${syncId}, ${orgId}, ${tableSchema})
  ON CONFLICT (singleton) DO NOTHING`);

/** Makes the caller the only holder whose readings are accepted. No row: a newer holder has taken over. */
export const raiseEpoch = (tx: Tx, epoch: number) =>
  tx.query<{ epoch: number }>(sql`
  UPDATE _lockstep.sync SET epoch = ${epoch} WHERE epoch <= ${epoch} RETURNING epoch`);

/**
 * Ends the sessions that former holders of the lease still have here, so that no page of theirs commits late. Sessions
 * of a newer holder stay: a slow takeover must not end them.
 */
export const endFormerSessions = (tx: Tx, epoch: number) =>
  tx.query(sql`
  SELECT pg_terminate_backend(pid) FROM pg_stat_activity
   WHERE datname = current_database()
     AND usename = session_user
     AND substring(application_name FROM '^lockstep/.*/(\\d{1,18})$')::bigint < ${epoch}`);

/**
 * Closes the readings of former holders, so that an answer that still arrives is refused. Also closes readings that
 * this holder left open before a database fault: it has nothing under way while it takes over. Read-backs have no epoch
 * and stay open.
 */
export const closeFormerObservations = (tx: Tx, epoch: number) =>
  tx.query(sql`DELETE FROM _lockstep.observation WHERE epoch <= ${epoch}`);

/** FOR SHARE: either raising the epoch waits for this statement, or this one sees the new epoch and opens nothing. */
export const insertTickObservation = (tx: Tx, o: NewObservation & { epoch: number }) =>
  tx.query<ObservationRow>(sql`
  INSERT INTO _lockstep.observation (lo, kind, streams, owner, epoch, expires_at)
  SELECT nextval('_lockstep.ticket'), 'tick', ${o.streams}::smallint[], ${o.owner}, epoch,
         clock_timestamp() + ${o.lastsMs} * interval '1 millisecond'
    FROM _lockstep.sync WHERE epoch = ${o.epoch} FOR SHARE
  RETURNING lo, nonce`);

export const insertReadBackObservation = (tx: Tx, o: NewObservation) =>
  tx.query<ObservationRow>(sql`
  INSERT INTO _lockstep.observation (lo, kind, streams, owner, expires_at)
  VALUES (nextval('_lockstep.ticket'), 'read-back', ${o.streams}::smallint[], ${o.owner},
          clock_timestamp() + ${o.lastsMs} * interval '1 millisecond')
  RETURNING lo, nonce`);

export interface ObservationRow {
  lo: number;
  /** A restored database hands out the same numbers again; the nonce is never the same. */
  nonce: string;
}

export interface NewObservation {
  streams: readonly number[];
  owner: string;
  /** The request's time-out plus a margin. After that the row may be purged, and then a late answer is refused. */
  lastsMs: number;
}

/** For the last part of a reading: deletes its row and takes the end ticket. No row: somebody has closed the reading. */
export const endObservation = (tx: Tx, { lo, nonce }: ObservationRow) =>
  tx.query<{ hi: number }>(sql`
  DELETE FROM _lockstep.observation WHERE lo = ${lo} AND nonce = ${nonce}
  RETURNING nextval('_lockstep.ticket') AS hi`);

/** For any other part: the row stays, and nobody can delete it before this transaction commits. */
export const lockObservation = (tx: Tx, { lo, nonce }: ObservationRow) =>
  tx.query<{ hi: number }>(sql`
  SELECT nextval('_lockstep.ticket') AS hi FROM _lockstep.observation
   WHERE lo = ${lo} AND nonce = ${nonce} FOR KEY SHARE`);

/**
 * Locks the stream until the transaction ends, also for those who only share it (`shareCheckpoint`). It is a row's
 * lock, because everybody who may connect can take an advisory lock, and hold it for ever.
 */
export const lockCheckpoint = (tx: Tx, streamNo: number) =>
  tx.query<{ plan_version: number }>(sql`
  SELECT plan_version FROM _lockstep.checkpoint WHERE stream_no = ${streamNo} FOR UPDATE`);

/**
 * Moves a cursor if nobody has moved it since `version`; version 0 creates it. One row: it was moved. No row: it stays
 * where it is, and the rows still commit.
 */
export const moveCursor = (tx: Tx, streamNo: number, kind: string, version: number, to: object) =>
  version === 0
    ? insertCursor(tx, streamNo, kind, to)
    : tx.query<{ version: number }>(sql`
  UPDATE _lockstep.cursor
     SET position  = ${JSON.stringify(to)}::jsonb,
         version   = version + 1
   WHERE stream_no = ${streamNo}
     AND kind      = ${kind}
     AND version   = ${version}
  RETURNING version`);

/** No row: the cursor exists already. */
export const insertCursor = (tx: Tx, streamNo: number, kind: string, position: object) =>
  tx.query<{ version: number }>(sql`
  INSERT INTO _lockstep.cursor (stream_no, kind, position) VALUES (${streamNo}, ${kind}, ${JSON.stringify(position)}::jsonb)
  ON CONFLICT (stream_no, kind) DO NOTHING
  RETURNING version`);

/** Records that a pass of a check over the whole table has ended; it began at this second of Salesforce's time. */
export const recordVerified = (tx: Tx, streamNo: number, level: VerifiedLevel, at: number) => {
  const column = ident(`${level}_verified_at`);
  return tx.query(sql`
  UPDATE _lockstep.checkpoint SET ${column} = greatest(${column}, to_timestamp(${at})) WHERE stream_no = ${streamNo}`);
};

export type VerifiedLevel = 'counts' | 'stamps' | 'content';

/** The number of rows is updated by difference, because counting a table means scanning it. */
export const addToCheckpoint = (tx: Tx, streamNo: number, rows: number, nulsRemoved: number) =>
  tx.query(sql`
  UPDATE _lockstep.checkpoint SET rows = rows + ${rows}, nuls_removed = nuls_removed + ${nulsRemoved}
   WHERE stream_no = ${streamNo}`);

/** Records that the backfill is complete, at this second of the server's time. */
export const completeBackfill = (tx: Tx, streamNo: number, at: number) =>
  tx.query(sql`
  UPDATE _lockstep.checkpoint SET backfilled_at = coalesce(backfilled_at, to_timestamp(${at})), state = 'current'
   WHERE stream_no = ${streamNo}`);

export const startBackfill = (tx: Tx, streamNo: number, rowsExpected: number | null) =>
  tx.query(sql`
  UPDATE _lockstep.checkpoint SET state = 'backfilling', rows_expected = ${rowsExpected}
   WHERE stream_no = ${streamNo} AND state = 'queued'`);

export const stopStream = (tx: Tx, streamNo: number, code: string, because: string) =>
  tx.query(sql`
  UPDATE _lockstep.checkpoint SET state = 'stopped', stop_code = ${code}, stop_reason = ${because}
   WHERE stream_no = ${streamNo}`);

/** @param streamNos  null: all that are stopped */
export const restartStreams = (tx: Tx, streamNos: readonly number[] | null) =>
  tx.query(sql`
  UPDATE _lockstep.checkpoint
     SET state = CASE WHEN backfilled_at IS NULL THEN 'backfilling' ELSE 'current' END, stop_code = NULL,
         stop_reason = NULL
   WHERE state = 'stopped' AND (${streamNos}::smallint[] IS NULL OR stream_no = ANY (${streamNos}::smallint[]))`);

/** Deletes fences that guard nothing any more: every open reading of the stream began after them. */
export const purgeFences = (tx: Tx, streamNo: number) =>
  tx.query(sql`
  DELETE FROM _lockstep.fence
   WHERE stream_no = ${streamNo}
     AND hi <= coalesce((SELECT min(lo) FROM _lockstep.observation WHERE streams @> ARRAY[${streamNo}::smallint]),
                        9223372036854775807)`);

/** Must be the last statement of its transaction and must not wait for locks: anything else can deadlock. */
export const purgeExpiredObservations = (tx: Tx) =>
  tx.query(sql`
  DELETE FROM _lockstep.observation
   WHERE lo IN (SELECT lo FROM _lockstep.observation WHERE expires_at < clock_timestamp() FOR UPDATE SKIP LOCKED)`);

/** For a reading that ended without an apply. */
export const deleteObservation = (tx: Tx, { lo, nonce }: ObservationRow) =>
  tx.query(sql`DELETE FROM _lockstep.observation WHERE lo = ${lo} AND nonce = ${nonce}`);

/** One for each stream, also for stopped ones. */
export const selectCheckpoints = (tx: Tx) =>
  tx.query<CheckpointRow>(sql`
  SELECT stream_no, sobject, table_name, plan_version, state, stop_code, rows, rows_expected,
         backfilled_at IS NOT NULL AS backfilled
    FROM _lockstep.checkpoint ORDER BY stream_no`);

/** The streams' columns in the order of their tables, also hidden ones. */
export const selectColumns = (tx: Tx) =>
  tx.query<ColumnRow>(sql`
  SELECT stream_no, field, column_name, field_type, formula, refers_to, is_detail,
         hidden_since IS NOT NULL AND returned_at IS NULL AS is_hidden, left_out AS is_left_out,
         extract(epoch FROM returned_at)::bigint AS returned_at, ready, replaces, made_again, formula_text, durable_id
    FROM _lockstep.column ORDER BY stream_no, ordinal`);

/** A stream has one of each kind that it reads with. */
export const selectCursors = (tx: Tx) =>
  tx.query<CursorRow>(sql`SELECT stream_no, kind, position, version FROM _lockstep.cursor`);

export const insertColumn = (tx: Tx, streamNo: number, ordinal: number, c: ColumnPlan) =>
  tx.query(sql`
  INSERT INTO _lockstep.column
         (stream_no, ordinal, field, column_name, field_type, formula, formula_text, refers_to, is_detail, ready)
  VALUES (${streamNo}, ${ordinal}, ${c.field}, ${c.column}, ${c.fieldType}, ${c.formula},
          ${c.formulaText ?? null}, ${c.refersTo}::text[], ${c.isDetail}, true)
  ON CONFLICT (stream_no, field) DO NOTHING`);

/** Which of the records are marked dirty or set aside. A record that is both has two rows. */
export const selectUnsettled = (tx: Tx, streamNo: number, ids: readonly string[]) =>
  tx.query<{ id: string; why: 'dirty' | 'quarantined' }>(sql`
  SELECT id, 'quarantined' AS why FROM _lockstep.quarantine WHERE stream_no = ${streamNo} AND id = ANY (${ids}::text[])
  UNION ALL
  SELECT id, 'dirty' FROM _lockstep.dirty WHERE stream_no = ${streamNo} AND id = ANY (${ids}::text[])
   ORDER BY id, why DESC`);

export const insertIntents = (
  tx: Tx,
  owner: string,
  method: string,
  named: readonly { sobject: string; id: string | null }[],
) =>
  tx.query<{ intent_no: number }>(sql`
  INSERT INTO _lockstep.intent (owner, method, sobject, id)
  SELECT ${owner}, ${method}, sobject, id
    FROM unnest(${named.map(({ sobject }) => sobject)}::text[], ${named.map(({ id }) => id)}::text[])
         WITH ORDINALITY AS named (sobject, id, place)
   ORDER BY place
  RETURNING intent_no`);

export const setOutcome = (tx: Tx, intents: readonly number[], outcome: string) =>
  tx.query(sql`
  UPDATE _lockstep.intent SET outcome = ${outcome}, answered_at = clock_timestamp()
   WHERE intent_no = ANY (${intents}::bigint[])`);

export const deleteIntents = (tx: Tx, intents: readonly number[]) =>
  tx.query(sql`DELETE FROM _lockstep.intent WHERE intent_no = ANY (${intents}::bigint[])`);

interface OpenIntent {
  sobject: string;
  id: string | null;
  /** Seconds since it was recorded, rounded up. */
  age: number;
}

const intentAge = sql`ceil(extract(epoch FROM clock_timestamp() - sent_at))::integer AS age`;

/**
 * Writes that nobody waits for any more: their owner is dead, or they have been open for longer than any request lasts.
 */
export const takeCutOffIntents = (tx: Tx, living: readonly string[]) =>
  tx.query<OpenIntent>(sql`
  UPDATE _lockstep.intent SET outcome = 'unknown', answered_at = clock_timestamp()
   WHERE outcome IS NULL
     AND (owner <> ALL (${living}::text[]) OR sent_at < clock_timestamp() - interval '15 minutes')
  RETURNING sobject, id, ${intentAge}`);

/** Writes whose outcome is not recorded yet. */
export const selectOpenIntents = (tx: Tx) =>
  tx.query<OpenIntent>(sql`SELECT sobject, id, ${intentAge} FROM _lockstep.intent WHERE outcome IS NULL`);

/** Intents and repairs are kept for as long as logs are. */
export const purgeOld = async (tx: Tx): Promise<void> => {
  await tx.query(
    sql`DELETE FROM _lockstep.intent WHERE answered_at < clock_timestamp() - interval '30 days'`,
  );
  await tx.query(sql`DELETE FROM _lockstep.repair WHERE found_at < clock_timestamp() - interval '30 days'`);
};

/** @param since  second of Salesforce's time */
export const selectRepairs = (tx: Tx, since: number) =>
  tx.query<{ sobject: string; kind: string; rows: number }>(sql`
  SELECT c.sobject, r.kind, count(*) AS rows
    FROM _lockstep.repair r JOIN _lockstep.checkpoint c USING (stream_no)
   WHERE r.found_at >= to_timestamp(${since})
   GROUP BY c.sobject, r.kind ORDER BY c.sobject, r.kind`);
