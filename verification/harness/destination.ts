import { assert } from '@lockstep/foundation/assert';
import { type Database, openDatabase, type Tx } from '@lockstep/foundation/database';
import { ident, sql } from '@lockstep/foundation/sql';
import type { Describe } from 'lockstep/core/describe';
import type { RecordId } from 'lockstep/core/ids';
import type { Page } from 'lockstep/core/page';
import {
  type ApplyCounts,
  applyPage,
  createTable,
  type Destination,
  type Holder,
  holderName,
  type Observation,
  openDestination,
  openReadBackObservation,
  openTickObservation,
  type PagePart,
  planTables,
  prepareDestination,
  type StreamTable,
  takeOver,
} from 'lockstep/postgres/testing';
import { openTestDatabase, type TestDatabase } from './database.ts';
import { openFilledDatabase } from './templates.ts';

/**
 * A destination with empty tables on a real server, for tests that play Salesforce by hand: open a reading, make up
 * its page, apply it at the chosen moment. Every holder has its own connections, as processes do.
 */
export interface DestinationHarness extends AsyncDisposable {
  url: string;
  /** A connection apart from the writers', to prepare and inspect. */
  db: Database;
  /** The destination as its first holder has it open. */
  destination: Destination;
  holder: Holder;
  /** Opens the destination as another process would; that one has no lease until it takes over. */
  openAs(holder: Holder): Promise<Destination>;
  table(sobject?: string): StreamTable;
  open(sobjects?: readonly string[], lastsMs?: number): Promise<Observation>;
  openReadBack(): Promise<Observation>;
  /** Applies one page in its own transaction. Without `observation` the reading begins and ends here. */
  apply(page: Page | readonly TestRecord[], part?: ApplyPart): Promise<ApplyCounts>;
  /** The mirror's rows in order of Id, every value as PostgreSQL prints it, times in UTC. */
  rows(sobject?: string): Promise<Record<string, string | null>[]>;
  fences(): Promise<{ id: string; lo: number; hi: number; deleted: boolean }[]>;
  marks(): Promise<{ id: string; since_ticket: number }[]>;
  quarantined(): Promise<{ id: string; column_name: string | null; code: string; tries: number }[]>;
}

export interface ApplyPart extends Partial<PagePart> {
  sobject?: string;
  /** Applies in this transaction instead of opening one. */
  tx?: Tx;
  destination?: Destination;
}

/** An object, or JSON text if the exact digits of a number matter. */
export type TestRecord = object | string;

/** Field name to field type; `double formula` is a formula, `reference Account` and `detail Account` refer there. */
export type Fields = Readonly<Record<string, string>>;

const standardFields: Fields = { Id: 'id', IsDeleted: 'boolean', SystemModstamp: 'datetime' };

/**
 * @param describes  the objects of the tables; by default `streams`, each with the standard fields and `fields`
 * @param server     the URL of a superuser on another server than the one that all tests share
 */
export async function openDestinationHarness({
  fields = { Name: 'string' },
  streams = ['Account'],
  describes = streams.map((name) => describeOf(name, fields)),
  server,
}: {
  fields?: Fields;
  streams?: readonly string[];
  describes?: readonly Describe[];
  server?: string;
} = {}): Promise<DestinationHarness> {
  const what = `destination ${JSON.stringify(describes)}`;
  const fill = (made: string) => makeDestination(made, describes);
  const database = await (server ? openDatabaseOn(server, fill) : openFilledDatabase(what, fill));
  const { db, url } = database;
  const opened: Destination[] = [];
  const openAs = async (holder: Holder) => {
    const destination = await openDestination(url, holderName(holder));
    opened.push(destination);
    return destination;
  };
  const holder = { owner: 'first', epoch: 1 };
  const destination = await openAs(holder);
  await takeOver(destination.db, holder);
  const asText = openDatabase({ url, applicationName: 'test', connectionsMax: 1, valuesAsText: true });

  const table = (sobject = 'Account', by = destination) => {
    const found = by.tables.get(sobject.toLowerCase());
    assert(found, 'the test names a stream that its harness has');
    return found;
  };
  const open = (sobjects: readonly string[] = ['Account'], lastsMs = 60_000) =>
    openTickObservation(
      destination.db,
      holder,
      sobjects.map((name) => table(name).stream.streamNo),
      lastsMs,
    );
  return {
    url,
    db,
    destination,
    holder,
    openAs,
    table,
    open,
    openReadBack: () => openReadBackObservation(destination.db, 'proxy', [table().stream.streamNo], 60_000),
    async apply(given, { sobject = 'Account', tx, destination: by = destination, ...part } = {}) {
      const page = isPage(given) ? given : pageOf(given);
      const whole = { observation: part.observation ?? (await open([sobject])), isLast: true, ...part };
      const applyIn = async (own: Tx) => (await applyPage(own, table(sobject, by), page, whole)).counts;
      return tx ? applyIn(tx) : by.db.transaction(applyIn);
    },
    rows: (sobject = 'Account') =>
      asText.transaction(async (tx) => {
        await tx.query(sql`SET LOCAL TimeZone = 'UTC'`);
        const { schema, table: name } = table(sobject).stream;
        return tx.query(sql`SELECT * FROM ${ident(schema, name)} ORDER BY id`);
      }),
    fences: () => db.query(sql`SELECT id, lo, hi, deleted FROM _lockstep.fence ORDER BY id`),
    marks: () => db.query(sql`SELECT id, since_ticket FROM _lockstep.dirty ORDER BY id`),
    quarantined: () =>
      db.query(sql`SELECT id, column_name, code, tries FROM _lockstep.quarantine ORDER BY id`),
    async [Symbol.asyncDispose]() {
      await asText.end();
      for (const each of opened) await each.end();
      await database[Symbol.asyncDispose]();
    },
  };
}

async function openDatabaseOn(server: string, fill: (url: string) => Promise<void>): Promise<TestDatabase> {
  const database = await openTestDatabase(undefined, undefined, server);
  await fill(database.url);
  return database;
}

async function makeDestination(url: string, describes: readonly Describe[]): Promise<void> {
  const db = openDatabase({ url, applicationName: 'test', connectionsMax: 1 });
  await db.script('CREATE SCHEMA _lockstep; CREATE SCHEMA salesforce');
  const [login] = await db.query<{ name: string }>(sql`SELECT current_user::text AS name`);
  await prepareDestination(db, {
    syncId: 'sync',
    orgId: '00D000000000001EAA',
    tableSchema: 'salesforce',
    owner: login?.name ?? '',
  });
  await db.transaction(async (tx) => {
    for (const plan of planTables(describes)) await createTable(tx, 'salesforce', plan);
  });
  await db.end();
}

/** Salesforce's describe of an sobject with these fields and the standard ones. */
export const describeOf = (name: string, fields: Fields = {}): Describe => ({
  name,
  label: name,
  custom: false,
  queryable: true,
  replicateable: true,
  keyPrefix: '001',
  fields: Object.entries({ ...standardFields, ...fields }).map(([field, text]) => ({
    name: field,
    label: field,
    type: /^(reference|detail) /.test(text) ? 'reference' : text.replace(' formula', ''),
    calculated: text.endsWith(' formula'),
    filterable: true,
    sortable: true,
    referenceTo: /^(?:reference|detail) (.*)$/.exec(text)?.slice(1) ?? [],
    relationshipOrder: text.startsWith('detail ') ? 0 : null,
  })),
});

export const idOf = (number: number) => `001${String(number).padStart(12, '0')}AAA` as RecordId;

/** A SystemModstamp, `seconds` after 1 January 2026. */
export const stampAt = (seconds: number) =>
  new Date(Date.UTC(2026, 0, 1) + seconds * 1000).toISOString().replace('Z', '+0000');

export const record = (number: number, values: object = {}) => ({
  attributes: { type: 'Account', url: `/services/data/v64.0/sobjects/Account/${idOf(number)}` },
  Id: idOf(number),
  IsDeleted: false,
  SystemModstamp: stampAt(0),
  ...values,
});

export function pageOf(records: readonly TestRecord[], rest: Partial<Page> = {}): Page {
  const texts = records.map((each) => (typeof each === 'string' ? each : JSON.stringify(each)));
  const unstorable = rest.unstorable ?? [];
  return {
    records: `[${texts.join(',')}]`,
    count: records.length + unstorable.length,
    last: null,
    lastId: null,
    done: true,
    unstorable,
    nulsRemoved: 0,
    ...rest,
  };
}

const isPage = (given: Page | readonly TestRecord[]): given is Page => !Array.isArray(given);

/** Resolves when `count` sessions of this database wait for a lock; fails after 10 s. */
export async function untilBlocked(db: Tx, count = 1): Promise<void> {
  const giveUpAt = performance.now() + 10_000;
  for (;;) {
    const waiting = await db.query(sql`
      SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`);
    if (waiting.length >= count) return;
    assert(performance.now() < giveUpAt, 'too few sessions wait for a lock');
  }
}
