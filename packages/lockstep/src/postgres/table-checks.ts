/** Whether a mirror can be made in a person's database: its schemas are free, the writer can write, the reader only read. */
import { randomBytes } from 'node:crypto';
import { type Database, openDatabase, sqlState } from '@lockstep/foundation/database';
import { Fault } from '../core/faults.ts';
import { hostOf, type OwnDestination } from '../core/own-database.ts';
import { bookkeepingSchema } from './bookkeeping.ts';
import {
  checkTableName,
  deleteCheckRow,
  dropCheckTable,
  insertCheckRow,
  makeCheckTable,
  selectCheckRows,
  selectCheckTables,
  selectReaderGroup,
  selectReaderRights,
  selectRelations,
  selectSchemaRights,
  selectWhoMayInsert,
  selectWriteReasons,
  setReadWrite,
} from './check-sql.ts';
import type { CheckStep, Found } from './check-step.ts';
import { databaseFault } from './faults.ts';
import { addressOf } from './own-address.ts';
import {
  leaveRole,
  letChangeNoNewTables,
  letCreate,
  letReadNewTables,
  letSee,
  makeNoSuperuser,
  makeSchemaFor,
  takeSchema,
} from './own-database-sql.ts';
import { factsOf, type Seen, signInTrouble } from './server-checks.ts';
import { selectBookkeeping, selectSync } from './sql.ts';

const namesMax = 5;

/** The tables of a mirror that is to be made. */
export interface WantedMirror {
  /** Null: it has no id yet. */
  syncId: string | null;
  /** Names that its tables will have, as far as they are known. */
  tables: readonly string[];
  /** The mirror is to be there already, with all its tables. */
  exists?: boolean;
}

/** @param to  with the schema that the tables shall be in */
export function tableChecks(to: OwnDestination, wanted: WantedMirror, seen: Seen): CheckStep[] {
  const table = checkTableName(randomBytes(6).toString('hex'));
  const schemas = [to.schema, bookkeepingSchema];
  return [
    { name: 'schema', needs: ['version', 'primary'], look: () => isFree(to, wanted, seen) },
    { name: 'create table', needs: ['schema'], look: () => canCreate(to, schemas, table, seen) },
    { name: 'write', needs: ['create table'], look: () => canWrite(to, table, seen) },
    { name: 'grants', needs: ['create table'], look: () => reachesReader(to, schemas, table, seen) },
    { name: 'reader', needs: ['write', 'grants'], look: () => onlyReads(to, table, seen) },
  ];
}

/** Drops what the checks have made, and what those before have left behind. */
export async function dropCheckTables(db: Database, schema: string): Promise<void> {
  for (const each of [schema, bookkeepingSchema])
    for (const { name } of await selectCheckTables(db, each)) await dropCheckTable(db, each, name);
}

async function isFree(to: OwnDestination, wanted: WantedMirror, seen: Seen): Promise<Found> {
  const owner = factsOf(seen).acts_as;
  for (const schema of [to.schema, bookkeepingSchema]) {
    const [rights] = await selectSchemaRights(seen.db, schema);
    const sql = rights ? letCreate(schema, owner) : makeSchemaFor(schema, owner);
    const others = rights?.may_create ? [] : (await selectRelations(seen.db, schema)).map(({ name }) => name);
    if (schema === bookkeepingSchema && others.length > 0)
      return { fault: new Fault('DB-10', { reason: reasonOf(schema, others) }), sql: null };
    const reason = rights ? `${owner} may not create tables in ${schema}` : `there is no schema ${schema}`;
    if (!rights?.may_create) return { fault: new Fault('DB-06', { host: hostOf(to), reason }), sql };
    if (schema === bookkeepingSchema && !rights.is_own)
      return {
        fault: new Fault('DB-06', { host: hostOf(to), reason: `${owner} does not own the schema ${schema}` }),
        sql: takeSchema(schema, owner),
      };
  }
  const other = await otherMirror(wanted, seen.db);
  if (other) return { fault: other, sql: null };
  return areOthersIn(to, wanted, seen.db);
}

/** Whether the bookkeeping is of another sync, or of something else. */
async function otherMirror({ syncId, exists }: WantedMirror, db: Database): Promise<Fault | null> {
  const [made] = await selectBookkeeping(db);
  const [sync] = made ? await selectSync(db) : [];
  if (sync && sync.sync_id !== syncId) return new Fault('DB-21', { sync: sync.sync_id });
  if (exists && !sync) return new Fault('DB-28');
  if (made) return null;
  const others = (await selectRelations(db, bookkeepingSchema)).map(({ name }) => name);
  return others.length > 0 ? new Fault('DB-10', { reason: reasonOf(bookkeepingSchema, others) }) : null;
}

async function areOthersIn(
  { schema, sharesSchema }: OwnDestination,
  wanted: WantedMirror,
  db: Database,
): Promise<Found> {
  const [ours] = await selectBookkeeping(db); // of a creation that was interrupted: its tables are ours
  const there = (await selectRelations(db, schema)).map(({ name }) => name);
  const others = ours ? [] : there;
  const taken = others.filter((name) => wanted.tables.includes(name));
  if (taken.length > 0) return { fault: new Fault('DB-10', { reason: reasonOf(schema, taken) }), sql: null };
  if (others.length > 0 && !sharesSchema)
    return { fault: new Fault('DB-10', { reason: reasonOf(schema, others) }), sql: null };
  const beside = others.length > 0 ? ` It has ${others.length} other tables, which stay as they are.` : '';
  return { says: `${schema} and ${bookkeepingSchema} are ready.${beside}` };
}

function reasonOf(schema: string, names: readonly string[]): string {
  const more = names.length > namesMax ? ` and ${names.length - namesMax} more` : '';
  return `The schema ${schema} has ${names.slice(0, namesMax).join(', ')}${more}, which this sync has not made`;
}

async function canCreate(
  to: OwnDestination,
  schemas: readonly string[],
  table: string,
  seen: Seen,
): Promise<Found> {
  const owner = factsOf(seen).acts_as;
  for (const schema of schemas) {
    try {
      await makeCheckTable(seen.db, schema, table);
    } catch (error) {
      return troubleOf(error, to, `${owner} may not create a table in ${schema}`, letCreate(schema, owner));
    }
  }
  return { says: `Made as ${owner}.` };
}

async function canWrite(to: OwnDestination, table: string, { db }: Seen): Promise<Found> {
  try {
    await insertCheckRow(db, to.schema, table, 'stays');
    await insertCheckRow(db, to.schema, table, 'goes');
    const deleted = await deleteCheckRow(db, to.schema, table, 'goes');
    if (deleted.length === 1) return { says: 'A row was written and deleted.' };
    const reason = 'a trigger or a rule swallows rows';
    return { fault: new Fault('DB-06', { host: hostOf(to), reason }), sql: null };
  } catch (error) {
    return troubleOf(error, to, 'rows cannot be written', null);
  }
}

function troubleOf(error: unknown, to: OwnDestination, reason: string, sql: string | null): Found {
  const host = hostOf(to);
  const state = sqlState(error);
  if (state === '42501') return { fault: new Fault('DB-06', { host, reason }), sql };
  const fault = databaseFault(error, host) ?? new Fault('DB-17', { sqlState: state ?? 'unknown' });
  return { fault, sql: null };
}

/** The reader's rights on a table that has just been made: default privileges, and the right to see the schema. */
async function reachesReader(
  { reader: { user } }: OwnDestination,
  schemas: readonly string[],
  table: string,
  seen: Seen,
): Promise<Found> {
  const owner = factsOf(seen).acts_as;
  try {
    const [found] = await selectReaderGroup(seen.db, user);
    const group = found?.role ?? user;
    for (const schema of schemas) {
      const [rights] = await selectReaderRights(seen.db, user, schema, table);
      const refused = (reason: string, sql: string) => ({ fault: new Fault('DB-14', { reason }), sql });
      if (!rights?.sees_schema)
        return refused(`${user} may not use the schema ${schema}`, letSee(schema, group));
      if (!rights.reads_table)
        return refused(
          `${user} may not read tables that ${owner} creates in ${schema}`,
          letReadNewTables(schema, owner, group),
        );
    }
    return { says: `${user} may read what ${owner} creates.` };
  } catch (error) {
    if (sqlState(error) !== '42704') throw error;
    return { fault: new Fault('DB-14', { reason: `There is no role ${user}` }), sql: null };
  }
}

async function onlyReads(to: OwnDestination, table: string, seen: Seen): Promise<Found> {
  const address = addressOf(to, to.reader);
  const db = openDatabase({ ...address, applicationName: 'lockstep check', connectionsMax: 1 });
  const owner = factsOf(seen).acts_as;
  try {
    const rows = await selectCheckRows(db, to.schema, table);
    const reason = 'it does not see a row that the writer has written';
    if (rows.length !== 1) return { fault: new Fault('DB-14', { reason }), sql: null };
    if (!(await mayInsert(db, to.schema, table))) return { says: 'It reads, and may not insert.' };
    return await whyItMayInsert(to, table, owner, seen.db);
  } catch (error) {
    return signInTrouble(error, to, to.reader);
  } finally {
    await db.end();
  }
}

/** Also if it has ended its read-only mode. */
async function mayInsert(db: Database, schema: string, table: string): Promise<boolean> {
  try {
    await db.transaction(async (tx) => {
      await setReadWrite(tx);
      await insertCheckRow(tx, schema, table, 'by the reader');
    });
    return true;
  } catch (error) {
    if (sqlState(error) === '42501') return false;
    throw error;
  }
}

async function whyItMayInsert(
  { reader: { user }, schema }: OwnDestination,
  table: string,
  owner: string,
  db: Database,
): Promise<Found> {
  const [why] = await selectWriteReasons(db, user, owner);
  const refused = (reason: string, sql: string | null) => ({ fault: new Fault('DB-23', { reason }), sql });
  if (why?.is_superuser) return refused(`${user} is a superuser`, makeNoSuperuser(user));
  if (user === owner) return refused(`${user} owns the tables`, null);
  if (why?.is_owner) return refused(`${user} is a member of ${owner}`, leaveRole(user, owner));
  const [granted] = await selectWhoMayInsert(db, schema, table, owner);
  const role = granted ? granted.role : user;
  return refused(
    `${role ?? 'everybody'} may write to new tables in ${schema}`,
    letChangeNoNewTables(schema, owner, role),
  );
}
