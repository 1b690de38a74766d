import { ManualClock } from '@lockstep/foundation/clock';
import type { Database } from '@lockstep/foundation/database';
import { ExactNumber } from '@lockstep/foundation/exact-json';
import { sql } from '@lockstep/foundation/sql';
import { openTestDatabase } from '@lockstep/harness/database';
import { openOrg } from './open-org.ts';
import type { Org, Writer } from './org.ts';
import { createTables } from './schema/org-tables.ts';
import type { FieldDef, SObjectDef } from './schema/schema.ts';
import { mapOf } from './schema/schema-storage.ts';
import { tableOf } from './schema/storage.ts';
import { createTable } from './schema/tables.ts';
import { columnOf } from './soql/columns.ts';
import { deleteRecord, insertRecord, updateRecord } from './write/dml.ts';
import { columnValues } from './write/field-values.ts';
import { writeTransaction } from './write/open-writes.ts';

/** The simulated org inside the test's process, for tests that need their own clock or definitions. */
export interface InProcessOrg extends AsyncDisposable {
  org: Org;
  db: Database;
  clock: ManualClock;
  by: Writer;
  insert: (sobject: string, body: Body) => Promise<string>;
  update: (sobject: string, id: string, body: Body) => Promise<void>;
  remove: (sobject: string, id: string) => Promise<void>;
  /** Fields of a record, deleted or not, as PostgreSQL prints them. */
  read: (sobject: string, id: string, ...fields: string[]) => Promise<(string | boolean | null)[]>;
}

type Body = Record<string, string | number | boolean | null>;

/** An org with only these sobjects and no records. */
export async function openInProcessOrg(defs: readonly SObjectDef[]): Promise<InProcessOrg> {
  const database = await openTestDatabase();
  const { db } = database;
  const clock = new ManualClock();
  const made = await openOrg({
    db,
    clock,
    records: 100,
    seed: 1,
    apiLimit: 1000,
    lockTimeoutMs: 1000,
    onSeeded: () => undefined,
  });
  await db.transaction(async (tx) => {
    await createTables(tx);
    for (const def of defs) await createTable(tx, def);
  });
  await db.query(sql`SELECT setval('simulator.record_number', 1000)`);
  const org: Org = { ...made, sobjects: mapOf(defs, clock) };
  const by: Writer = { org, userId: made.settings.integrationUserId };
  const definition = (name: string): SObjectDef => {
    const def = org.sobjects.get(name.toLowerCase());
    if (!def) throw new Error(`the test names an unknown sobject: ${name}`);
    return def;
  };
  return {
    org,
    db,
    clock,
    by,
    insert: (sobject, body) =>
      writeTransaction(org, (tx) => {
        const def = definition(sobject);
        return insertRecord(tx, by, def, columnValues(def, exact(body), 'create'));
      }),
    update: (sobject, id, body) =>
      writeTransaction(org, (tx) => {
        const def = definition(sobject);
        return updateRecord(tx, by, def, id, columnValues(def, exact(body), 'update'));
      }),
    remove: (sobject, id) => writeTransaction(org, (tx) => deleteRecord(tx, by, definition(sobject), id)),
    async read(sobject, id, ...fields) {
      const def = definition(sobject);
      const values: (string | boolean | null)[] = [];
      for (const name of fields) {
        const field = def.fields.find((one) => one.name === name) as FieldDef;
        const [row] = await db.query<{ value: string | boolean | null }>(
          sql`SELECT ${columnOf(field)} AS value FROM ${tableOf(def)} AS r WHERE "Id" = ${id}`,
        );
        values.push(row?.value ?? null);
      }
      return values;
    },
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  };
}

const exact = (body: Body): object =>
  Object.fromEntries(
    Object.entries(body).map(([name, value]) => [
      name,
      typeof value === 'number' ? new ExactNumber(String(value)) : value,
    ]),
  );
