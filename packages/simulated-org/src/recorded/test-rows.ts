import assert from 'node:assert/strict';
import { ExactNumber, isObject, parseExact, printExact } from '@lockstep/foundation/exact-json';
import { ident, join, sql } from '@lockstep/foundation/sql';
import type { TestOrg } from '@lockstep/harness/org';
import type { Exchange } from '@lockstep/harness/recorded-fixtures';
import { recordId } from '../write/ids.ts';

/**
 * The rows that an org must have had to give a recorded answer: records with their parents and children as shown, as
 * many records as a count says, and those that an upsert found.
 */
export type Row = Record<string, unknown>;
export type Rows = Map<string, Map<string, Row>>;

interface Relationships {
  parents: Map<string, { field: string; to: string }>;
  children: Map<string, { field: string; sobject: string }>;
}

export class RecordedRows {
  readonly rows: Rows = new Map();
  private readonly org: TestOrg;
  private counted = 0;

  constructor(org: TestOrg) {
    this.org = org;
  }

  isKnownId(id: string): boolean {
    return [...this.rows.values()].some((rows) => rows.has(id));
  }

  /** Reads an exchange, or each part of a composite. */
  async addExchange({ path, body, answer }: Pick<Exchange, 'path' | 'body' | 'answer'>): Promise<void> {
    const sent: unknown = body === undefined ? undefined : parseExact(body);
    const given = parseExact(answer);
    if (isObject(sent) && Array.isArray(sent.compositeRequest) && isObject(given)) {
      const parts = sent.compositeRequest as { url: string }[];
      const answers = given.compositeResponse as { body: unknown }[];
      for (const [i, { url }] of parts.entries()) await this.addAnswer(url, undefined, answers[i]?.body);
      return;
    }
    await this.addAnswer(path, sent, given);
  }

  /** `url` may contain a query, `sent` is the body of a write. */
  async addAnswer(url: string, sent: unknown, given: unknown): Promise<void> {
    const { pathname, searchParams } = new URL(url, 'http://org');
    const soql = searchParams.get('q');
    if (soql !== null && isObject(given)) return this.addResult(soql, given);
    if (isObject(given) && Array.isArray(given.sObjects))
      for (const { name, count } of given.sObjects as { name: string; count: ExactNumber }[])
        this.addCounted(name, Number(count.source));
    const [, sobject, key] = /\/composite\/sobjects\/(\w+)\/(\w+)$/.exec(pathname) ?? [];
    if (sobject && key && isObject(sent)) this.addFound(sobject, key, sent.records as Row[], given as Row[]);
    if (isRecord(given)) await this.addRecord(given);
  }

  private async addResult(soql: string, { totalSize, records }: Record<string, unknown>): Promise<void> {
    const sobject = /\bfrom\s+(\w+)/i.exec(soql.replace(/\([^()]*\)/g, ''))?.[1];
    assert.ok(sobject && Array.isArray(records) && totalSize instanceof ExactNumber, soql);
    if (records.length === 0) return this.addCounted(sobject, Number(totalSize.source));
    for (const record of records as unknown[]) {
      if (isRecord(record)) await this.addRecord(record);
      else this.addCounted(sobject, Number((record as { expr0: ExactNumber }).expr0.source));
    }
  }

  /** Adds records of which only the number is known. */
  private addCounted(sobject: string, count: number): void {
    const rows = this.rowsOf(sobject);
    for (let i = 0; i < count; i++) {
      const id = recordId('000', 1e9 + this.counted++);
      rows.set(id, {});
    }
  }

  /** Adds those records of an upsert that it found, with the value by which it found them. */
  private addFound(sobject: string, key: string, sent: readonly Row[], results: readonly Row[]): void {
    for (const [i, { id, created }] of results.entries()) {
      if (created === false)
        this.rowsOf(sobject).set(String(id), key === 'Id' ? {} : { [key]: sent[i]?.[key] });
    }
  }

  private async addRecord(record: Row): Promise<string> {
    const { type, url } = record.attributes as { type: string; url: string };
    const id = url.slice(url.lastIndexOf('/') + 1);
    const relationships = await relationshipsOf(this.org, type);
    const row = this.rowsOf(type).get(id) ?? {};
    this.rowsOf(type).set(id, row);
    for (const [key, value] of Object.entries(record)) {
      const parent = relationships.parents.get(key);
      const child = relationships.children.get(key);
      if (parent) row[parent.field] = isRecord(value) ? await this.addRecord(value) : null;
      else if (child && isObject(value))
        for (const one of value.records as Row[]) {
          const childId = await this.addRecord(one);
          this.rowsOf(child.sobject).set(childId, {
            ...this.rowsOf(child.sobject).get(childId),
            [child.field]: id,
          });
        }
      else if (key !== 'attributes') row[key] = value;
    }
    return id;
  }

  private rowsOf(sobject: string): Map<string, Row> {
    const rows = this.rows.get(sobject) ?? new Map<string, Row>();
    this.rows.set(sobject, rows);
    return rows;
  }
}

const isRecord = (value: unknown): value is Row =>
  isObject(value) && isObject(value.attributes) && typeof value.attributes.url === 'string';

const known = new Map<string, Promise<Relationships>>();

function relationshipsOf(org: TestOrg, sobject: string): Promise<Relationships> {
  const found = known.get(sobject) ?? describedRelationships(org, sobject);
  known.set(sobject, found);
  return found;
}

async function describedRelationships(org: TestOrg, sobject: string): Promise<Relationships> {
  const { json } = await org.request('GET', `/services/data/v62.0/sobjects/${sobject}/describe`);
  const { fields, childRelationships } = json as {
    fields: { name: string; relationshipName: string | null; referenceTo: string[] }[];
    childRelationships: { relationshipName: string | null; childSObject: string; field: string }[];
  };
  return {
    parents: new Map(
      fields.map((one) => [one.relationshipName ?? '', { field: one.name, to: one.referenceTo[0] ?? '' }]),
    ),
    children: new Map(
      childRelationships.map((one) => [
        one.relationshipName ?? '',
        { field: one.field, sobject: one.childSObject },
      ]),
    ),
  };
}

const asking = new WeakMap<TestOrg, Promise<string>>();

/** The Id of the user who sends the tests' requests. Looked up once, since a recorded user may take its name. */
export function askingUser(org: TestOrg): Promise<string> {
  const found = asking.get(org) ?? findAskingUser(org);
  asking.set(org, found);
  return found;
}

async function findAskingUser(org: TestOrg): Promise<string> {
  await org.token('demo');
  const [user] = await org.db.query<{ Id: string }>(
    sql`SELECT "Id" FROM org."User" WHERE "Username" = ${org.credentials.demo.username}`,
  );
  return user?.Id ?? assert.fail('the org has its demo user');
}

export const sobjectNames = async (org: TestOrg): Promise<ReadonlySet<string>> =>
  new Set((await columnsOf(org)).keys());

interface Column {
  table: string;
  name: string;
  type: string;
  isNeeded: boolean;
}

/** Replaces all rows of the org with these. The user who sends the requests stays, and stands for the recorded user. */
export async function replaceRows(org: TestOrg, rows: Rows): Promise<void> {
  const columns = await columnsOf(org);
  const userId = await askingUser(org);
  await org.db.transaction(async (tx) => {
    const emptied = [...columns.keys()].map((table, i) => {
      const others = table === 'User' ? sql` WHERE "Id" <> ${userId}` : sql``;
      return sql`${ident(`emptied ${i}`)} AS (DELETE FROM ${ident('org', table)}${others})`;
    });
    await tx.query(sql`WITH ${join(emptied)} SELECT`);
    for (const [sobject, byId] of rows) {
      const table = columns.get(sobject);
      assert.ok(table, `the org has the sobject ${sobject}`);
      if (byId.size === 0) continue;
      const whole = [...byId].map(([Id, row]) => ({ ...withNameParts(table, row), Id }));
      const full = sobject === 'User' ? whole : whole.map((row) => filled(table, row, userId));
      const written = table.filter(({ name }) => full.some((row) => row[name] !== undefined));
      const names = join(written.map(({ name }) => ident(name)));
      const recordset = sql`json_populate_recordset(NULL::${ident('org', sobject)}, ${printExact(full, (text) => text)}::json)`;
      const target = ident('org', sobject);
      if (sobject === 'User') {
        await tx.query(sql`UPDATE org."User" SET (${names}) = (SELECT ${names} FROM ${recordset})`);
      } else {
        await tx.query(sql`INSERT INTO ${target} (${names}) SELECT ${names} FROM ${recordset}`);
      }
    }
  });
}

let allColumns: Promise<Map<string, Column[]>> | undefined;

function columnsOf(org: TestOrg): Promise<Map<string, Column[]>> {
  allColumns ??= org.db
    .query<Column & { needed: boolean }>(sql`
      SELECT table_name AS table, column_name AS name, data_type AS type,
             is_nullable = 'NO' AND column_default IS NULL AS "isNeeded"
        FROM information_schema.columns WHERE table_schema = 'org' ORDER BY ordinal_position`)
    .then((columns) => Map.groupBy(columns, ({ table }) => table));
  return allColumns;
}

/** Adds values that the table needs and the recording does not show. */
function filled(columns: readonly Column[], row: Row, userId: string): Row {
  const needed = columns.filter(({ name, isNeeded }) => isNeeded && row[name] === undefined);
  return {
    ...row,
    ...Object.fromEntries(needed.map((column) => [column.name, filling(column, userId)])),
  };
}

function filling({ name, type }: Column, userId: string): unknown {
  if (type.startsWith('timestamp')) return '2020-01-01T00:00:00Z';
  if (type === 'date') return '2020-01-01';
  if (type === 'boolean') return false;
  if (type !== 'text') return 0;
  return name.endsWith('Id') ? userId : 'Not recorded';
}

/** A person's name is composed of its parts, which a query for the name alone does not show. */
function withNameParts(columns: readonly Column[], row: Row): Row {
  const { Name: name } = row;
  const isPerson = columns.some((column) => column.name === 'LastName');
  if (!isPerson || typeof name !== 'string' || 'LastName' in row) return row;
  const space = name.lastIndexOf(' ');
  return { ...row, FirstName: space < 0 ? null : name.slice(0, space), LastName: name.slice(space + 1) };
}
