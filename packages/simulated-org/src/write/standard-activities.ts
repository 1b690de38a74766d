import type { Tx } from '@lockstep/foundation/database';
import { ident, sql } from '@lockstep/foundation/sql';
import { refused } from '../http/errors.ts';
import { type Behaviour, textOf, type Write, willBe } from './behaviour.ts';

/** Values of tasks and events that several fields share: the account they are about, when they begin and end. */
const minuteMs = 60_000;

export const taskBehaviour: Behaviour = {
  reads: ['WhoId', 'WhatId', 'Status'],
  async fill(write) {
    const { columns, before, stamp } = write;
    await fillAccount(write);
    const status = columns.get('Status');
    if (status === undefined || status === before?.Status) return;
    columns.set('CompletedDateTime', status === 'Completed' ? stamp.at : null);
  },
};

export const eventBehaviour: Behaviour = {
  reads: ['WhoId', 'WhatId', 'StartDateTime', 'DurationInMinutes', 'IsAllDayEvent'],
  async fill(write) {
    await fillAccount(write);
    fillTimes(write);
  },
};

/** By key prefix: the field with a record's account. */
const accountPlaces: Readonly<Record<string, [sobject: string, field: string]>> = {
  '001': ['Account', 'Id'],
  '003': ['Contact', 'AccountId'],
  '006': ['Opportunity', 'AccountId'],
  '02i': ['Asset', 'AccountId'],
  '500': ['Case', 'AccountId'],
  '800': ['Contract', 'AccountId'],
};

/** The account of the record that the activity is about, otherwise that of the contact. */
async function fillAccount(write: Write): Promise<void> {
  const { tx, columns } = write;
  if (!columns.has('WhatId') && !columns.has('WhoId')) return;
  const account =
    (await accountOf(tx, willBe(write, 'WhatId'))) ?? (await accountOf(tx, willBe(write, 'WhoId')));
  columns.set('AccountId', account);
}

async function accountOf(tx: Tx, id: unknown): Promise<string | null> {
  const place = typeof id === 'string' ? accountPlaces[id.slice(0, 3)] : undefined;
  if (!place) return null;
  const [sobject, field] = place;
  const [row] = await tx.query<{ account: string | null }>(
    sql`SELECT ${ident(field)} AS account FROM ${ident('org', sobject)} WHERE "Id" = ${id}`,
  );
  return row?.account ?? null;
}

const timeColumns = [
  'ActivityDateTime',
  'StartDateTime',
  'EndDateTime',
  'DurationInMinutes',
  'ActivityDate',
  'IsAllDayEvent',
];

/** No recorded answer confirms which fields are reported as missing in a create without a time. */
function fillTimes(write: Write): void {
  const { columns, before } = write;
  if (before && !timeColumns.some((name) => columns.has(name))) return;
  const start = startOf(write);
  const duration = start === null ? null : durationOf(write, start);
  if (start === null || duration === null) {
    const missing = start === null ? ['ActivityDateTime', 'DurationInMinutes'] : ['DurationInMinutes'];
    throw refused('REQUIRED_FIELD_MISSING', `Required fields are missing: [${missing.join(', ')}]`, missing);
  }
  const end = start + duration * minuteMs;
  const isAllDay = willBe(write, 'IsAllDayEvent') === true;
  columns.set('StartDateTime', isAllDay ? `${dayOf(start)}T00:00:00Z` : timeOf(start));
  columns.set('ActivityDateTime', isAllDay ? null : timeOf(start));
  columns.set('ActivityDate', dayOf(start));
  columns.set('DurationInMinutes', duration);
  columns.set('EndDateTime', timeOf(end));
  columns.set('EndDate', dayOf(end));
}

/** Epoch ms. */
function startOf({ columns, before }: Write): number | null {
  const names = ['StartDateTime', 'ActivityDateTime', 'ActivityDate'];
  const [given] = names.flatMap((name) => textOf(columns.get(name)) ?? []);
  const start = given ?? textOf(before?.StartDateTime);
  return start === null ? null : timeIn(start);
}

/** Minutes. A newly written end takes precedence over the event's old duration. */
function durationOf({ columns, before }: Write, start: number): number | null {
  const given = columns.get('DurationInMinutes') ?? null;
  if (given !== null) return Number(given);
  const end = textOf(columns.get('EndDateTime'));
  if (end !== null) return Math.round((timeIn(end) - start) / minuteMs);
  if (columns.get('IsAllDayEvent') === true) return 1440;
  return typeof before?.DurationInMinutes === 'number' ? before.DurationInMinutes : null;
}

/** The database formats a time with a space and a short zone. */
const timeIn = (text: string): number => Date.parse(text.replace(' ', 'T').replace(/([+-]\d\d)$/, '$1:00'));

const timeOf = (time: number): string => new Date(time).toISOString();

const dayOf = (time: number): string => timeOf(time).slice(0, 10);
