import { systemClock } from '@lockstep/foundation/clock';
import type { Database } from '@lockstep/foundation/database';
import { type Sql, sql } from '@lockstep/foundation/sql';
import type { EndToEndHarness } from '@lockstep/harness/end-to-end-harness';
import { armFault } from '@lockstep/harness/injected-fault';
import { makeSyncRequest } from 'lockstep/control';

/** Something that goes wrong with one object and no other. `begin` returns the function that ends it. */
export interface Disturbance {
  name: string;
  holdMs: number;
  begin(): Promise<() => Promise<unknown>>;
}

export const disturbedObject = 'Trouble__c';
const table = sql`salesforce.trouble__c`;

const user = 'integration';
const minuteMs = 60_000;

export const deletedAtOnce = 15_000;
/** The control API accepts no more Ids in one call. */
const idsMax = 10_000;
/** One a second of each object, in turn: if a record changed twice within one stall, the mirror would miss the first. */
export const changedRecords = 1_000;

/** Creates the object with the fields that the disturbances need, and with spare records to delete. */
export async function makeDisturbed(org: EndToEndHarness['org']): Promise<void> {
  const fields = [{ name: 'Text__c', type: 'string', length: 80 }, numberField];
  await org.control('/sobjects/create', { name: disturbedObject, label: 'Trouble', fields });
  await generate(org, 2 * deletedAtOnce);
}

const numberField = { name: 'Number__c', type: 'double', precision: 12, scale: 2 };

const generate = (org: EndToEndHarness['org'], count: number) =>
  org.control('/records/generate', { sobject: disturbedObject, count });

/** In the order in which they run, repeatedly. */
export const disturbancesOf = (harness: EndToEndHarness): readonly Disturbance[] => [
  hardDeletes(harness),
  locked(harness, 'ACCESS EXCLUSIVE'),
  locked(harness, 'SHARE'),
  droppedColumn(harness),
  misfittingValues(harness),
  hiddenRows(harness),
  refusedCounts(harness),
  slowQuery(harness),
  hiddenField(harness),
];

/** The deleted log reports 15,000 Ids in one answer. As many records are created again afterwards. */
const hardDeletes = ({ org }: EndToEndHarness): Disturbance => ({
  name: 'hard deletes',
  holdMs: 1.5 * minuteMs,
  async begin() {
    const rows = await org.db.query<{ id: string }>(sql`
      SELECT "Id" AS id FROM org."Trouble__c" WHERE NOT "IsDeleted"
       ORDER BY "Id" OFFSET ${changedRecords} LIMIT ${deletedAtOnce}`);
    const ids = rows.map(({ id }) => id);
    const parts = [ids.slice(0, idsMax), ids.slice(idsMax)].filter((part) => part.length > 0);
    await Promise.all(parts.map((part) => org.control('/records/hardDelete', { ids: part })));
    return () => generate(org, ids.length);
  },
});

/** A session that locks the table, as a migration or a careless query does. */
const locked = ({ admin }: EndToEndHarness, mode: 'ACCESS EXCLUSIVE' | 'SHARE'): Disturbance => ({
  name: `${mode} lock`,
  holdMs: 2.5 * minuteMs,
  begin: () =>
    holdOpen(
      admin,
      mode === 'SHARE'
        ? sql`LOCK TABLE ${table} IN SHARE MODE`
        : sql`LOCK TABLE ${table} IN ACCESS EXCLUSIVE MODE`,
    ),
});

const readerLastsMs = 15_000;
const readerEveryMs = 10_000;

/** The table has to be restored, which needs a lock, but there is never an instant without a reader. */
const droppedColumn = ({ admin }: EndToEndHarness): Disturbance => ({
  name: 'dropped column',
  holdMs: minuteMs,
  async begin() {
    await admin.query(sql`ALTER TABLE ${table} DROP COLUMN IF EXISTS text__c`);
    const stop = new AbortController();
    const reading: Promise<unknown>[] = [];
    const read = async () => {
      const end = await holdOpen(admin, sql`SELECT count(*) FROM ${table}`);
      await sleep(readerLastsMs, stop.signal);
      await end();
    };
    const readers = (async () => {
      for (; !stop.signal.aborted; await sleep(readerEveryMs, stop.signal)) reading.push(read());
    })();
    return async () => {
      stop.abort();
      await readers;
      await Promise.all(reading);
    };
  },
});

/** A field gets another type and texts that its column cannot hold. */
const misfittingValues = ({ org }: EndToEndHarness): Disturbance => ({
  name: 'values that do not fit',
  holdMs: minuteMs,
  async begin() {
    const change = (field: object) =>
      org.control('/fields/change', { sobject: disturbedObject, name: numberField.name, field });
    await change({ name: numberField.name, type: 'string', length: 40 });
    const rows = await org.db.query<{ id: string }>(sql`
      SELECT "Id" AS id FROM org."Trouble__c" WHERE NOT "IsDeleted" ORDER BY "Id" LIMIT 200`);
    const write = (value: string | null) =>
      org.control('/records/write', {
        writes: rows.map(({ id }) => ({ update: id, values: { [numberField.name]: value } })),
      });
    await write('not a number');
    return async () => {
      await write(null);
      await change(numberField);
    };
  },
});

/** A sweep finds the rows absent and keeps them until a person decides; then they become visible again. */
const hiddenRows = (harness: EndToEndHarness): Disturbance => ({
  name: 'rows hidden by rights',
  holdMs: 2 * minuteMs,
  async begin() {
    await harness.org.control('/records/hide', { user, sobject: disturbedObject, share: 0.58 });
    await ask(harness, 'verify ids');
    return async () => {
      await harness.org.control('/records/show', { user });
      await ask(harness, 'verify ids');
    };
  },
});

const inside = { user, inside: 'only' } as const;

const refusedCounts = (harness: EndToEndHarness): Disturbance => ({
  name: 'refused counts',
  holdMs: minuteMs,
  async begin() {
    const match = { ...inside, contains: `newest FROM ${disturbedObject}` };
    const effect = { answer: 'QUERY_TOO_COMPLICATED' };
    const fault = await armFault(harness.org, { match, times: null, effect });
    await ask(harness, 'verify counts');
    return () => fault.end();
  },
});

/** Salesforce itself ends a query after 120 s. */
const queryLastsMs = 120_000;

/** Only one query, so that it is over before the next disturbance begins. */
const slowQuery = ({ org }: EndToEndHarness): Disturbance => ({
  name: 'a query that times out',
  holdMs: 2.5 * minuteMs,
  async begin() {
    const match = { ...inside, contains: `FROM ${disturbedObject}` };
    const fault = await armFault(org, { match, effect: { answer: 'QUERY_TIMEOUT', delayMs: queryLastsMs } });
    return () => fault.end();
  },
});

const hiddenField = ({ org }: EndToEndHarness): Disturbance => ({
  name: 'hidden field',
  holdMs: minuteMs,
  async begin() {
    await org.control('/users/rights', { user, fields: { [`${disturbedObject}.Text__c`]: { read: false } } });
    return () => org.control('/users/rights', { user });
  },
});

/** Runs a statement in a transaction that stays open; returns the function that commits it. */
async function holdOpen(db: Database, statement: Sql): Promise<() => Promise<void>> {
  const begun = Promise.withResolvers<void>();
  const ending = Promise.withResolvers<void>();
  const done = db.transaction(async (tx) => {
    await tx.query(sql`SET LOCAL idle_in_transaction_session_timeout = 0`);
    await tx.query(statement);
    begun.resolve();
    await ending.promise;
  });
  done.catch(begun.reject);
  await begun.promise;
  return () => {
    ending.resolve();
    return done;
  };
}

/** Makes a sync request as a command would, without waiting for it. */
const ask = ({ control, sync }: EndToEndHarness, kind: 'verify counts' | 'verify ids') =>
  makeSyncRequest(control.control, sync.id, { kind, objects: [disturbedObject], expiresInMs: 10 * minuteMs });

/** Returns early when the signal aborts. */
export const sleep = (ms: number, signal: AbortSignal): Promise<void> =>
  systemClock.sleep(ms, signal).catch(() => undefined);
