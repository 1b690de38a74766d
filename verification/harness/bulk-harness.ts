import assert from 'node:assert/strict';
import { ident, sql } from '@lockstep/foundation/sql';
import { type ClockHarness, openClockHarness } from './clock-harness.ts';
import type { TestOrg } from './org.ts';

/** Objects of 1,000 records and more are large, and a result page has 1,000. */
const pageRows = 20;
export const intervalMs = 30_000;
export const hourMs = 3_600_000;

let objectsMade = 0;

/** A sync of an object of its own, whose backfill is by Bulk if it has enough records. */
export interface BulkHarness extends AsyncDisposable {
  harness: ClockHarness;
  sobject: string;
  table: string;
}

export interface BulkHarnessOptions {
  org: TestOrg;
  count: number;
  /** Its custom fields besides a usual few. */
  fields?: readonly object[];
  apiVersion?: string;
  /** Between two requests of the sync. */
  everyMs?: number;
  /** Between the creation of the records and the start of the sync. */
  prepare?: (sobject: string) => Promise<void>;
}

const usualFields = [
  { name: 'Note__c', type: 'textarea', length: 32_000 },
  { name: 'Amount__c', type: 'double', precision: 16, scale: 2 },
  { name: 'Open__c', type: 'boolean' },
  { name: 'Seen__c', type: 'datetime' },
];

export async function openBulkHarness({ org, count, ...options }: BulkHarnessOptions): Promise<BulkHarness> {
  const sobject = await makeObject(org, count, options);
  return followObject({ org, sobject, ...options });
}

/** An object with so many records, which are old enough that no poll reads them. */
export async function makeObject(
  org: TestOrg,
  count: number,
  { fields = [], prepare }: Pick<BulkHarnessOptions, 'fields' | 'prepare'> = {},
): Promise<string> {
  const sobject = `Bulk${++objectsMade}__c`;
  await org.control('/sobjects/create', {
    name: sobject,
    nameNumber: 'B-',
    fields: [...usualFields, ...fields],
  });
  await org.control('/records/generate', { sobject, count });
  await prepare?.(sobject);
  await org.control('/clock/advance', { ms: 24 * hourMs });
  return sobject;
}

/** @param rows  of a page of a query; fifty pages make an object large */
export async function followObject({
  org,
  sobject,
  apiVersion,
  everyMs = intervalMs,
  rows = pageRows,
}: Pick<BulkHarnessOptions, 'org' | 'apiVersion' | 'everyMs'> & {
  sobject: string;
  rows?: number;
}): Promise<BulkHarness> {
  const harness = await openClockHarness({
    org,
    sobjects: [sobject],
    intervalMs: everyMs,
    pageRows: rows,
    ...(apiVersion !== undefined && { apiVersion }),
  });
  return {
    harness,
    sobject,
    table: sobject.toLowerCase(),
    [Symbol.asyncDispose]: () => harness[Symbol.asyncDispose](),
  };
}

/** Lets time pass until the log has the line. */
export async function untilLogged(harness: ClockHarness, message: string): Promise<void> {
  const { log } = harness;
  for (let tries = 0; tries < 100 && !log.text().includes(message); tries++) await harness.pass(intervalMs);
  assert.ok(log.text().includes(message), `logged: ${message}`);
}

const logged = ({ log }: ClockHarness, message: string) => log.text().split(message).length - 1;
export const completions = (harness: ClockHarness) => logged(harness, 'bulk backfill complete');
export const jobs = (harness: ClockHarness) => logged(harness, 'bulk job created');

export async function idsInOrg(org: TestOrg, sobject: string, count: number): Promise<string[]> {
  const rows = await org.db.query<{ id: string }>(sql`
    SELECT "Id" AS id FROM ${ident('org', sobject)} ORDER BY "Id" LIMIT ${count}`);
  return rows.map(({ id }) => id);
}
