import type { Tx } from '@lockstep/foundation/database';
import { ident, join, sql } from '@lockstep/foundation/sql';
import type { Frame } from '../formula/index.ts';
import { asOrgError, OrgError, refused } from '../http/errors.ts';
import { type Stamp, type TriggerRun, type TriggerSubject, type Writer } from '../org.ts';
import type { SObjectDef } from '../schema/schema.ts';
import { isLive, tableOf } from '../schema/storage.ts';
import { checkedValues, deleteRecord, insertRecord, lockRecord, updateRecord } from './dml.ts';
import { columnValues } from './field-values.ts';
import type { RunnableTrigger } from './rule-book.ts';
import type { Moment } from './rules.ts';
import { rowOfJson, writeRow } from './write-row.ts';
import { modifiedColumns } from './writer.ts';

/**
 * The org's triggers: further writes in the transaction of a write, by the same path as a request's. Their errors
 * read like those of Apex. What a trigger writes may fire triggers again, to a depth that Salesforce limits.
 */
const depthMax = 16;

/** Returns the columns that the triggers set on the record before it is saved. */
export async function runTriggers(
  tx: Tx,
  by: Writer,
  def: SObjectDef,
  triggers: readonly RunnableTrigger[],
  subject: TriggerSubject,
): Promise<string[]> {
  const set: string[] = [];
  for (const trigger of triggers) {
    const found = await evaluate(tx, by, def, trigger, subject);
    if (!found.applies) continue;
    const { name } = trigger.trigger;
    const run: TriggerRun = { sobject: def.name, event: eventOf(subject.when), recordId: subject.id };
    const within = [...(by.within ?? []), run];
    if (within.length > depthMax) throw tooDeep(name, within);
    const inside: Writer = {
      org: by.org,
      userId: by.userId,
      within,
      ...(by.client !== undefined && { client: by.client }),
    };
    set.push(...(await act(tx, inside, def, trigger, subject, found)));
  }
  return set;
}

interface Evaluated {
  applies: boolean;
  body: Record<string, string | null>;
  parentId: string | null;
}

/** The condition and the values of one trigger, evaluated on the current row. */
async function evaluate(
  tx: Tx,
  by: Writer,
  def: SObjectDef,
  { condition, values, reference, trigger }: RunnableTrigger,
  { id, when, old }: TriggerSubject,
): Promise<Evaluated> {
  const frame: Frame = {
    row: 'n',
    isNew: when.endsWith('insert'),
    userId: by.userId,
    ...(old !== undefined && { prior: 'o' }),
  };
  const parent = trigger.do.setParent && reference ? ident('n', reference.name) : sql`NULL::text`;
  const columns = values.map(({ value }, i) => sql`${value(frame)} AS ${ident(`value ${i}`)}`);
  const from = old === undefined ? sql`` : sql`, ${rowOfJson(def, old)} AS o`;
  const [row] = await tx.query(sql`
    SELECT ${join([sql`${condition(frame)} AS applies`, sql`${parent} AS parent`, ...columns])}
      FROM ${tableOf(def)} AS n${from} WHERE n."Id" = ${id}`);
  const body = values.map(({ field }, i) => [field.name, row?.[`value ${i}`] ?? null]);
  return {
    applies: row?.applies === true,
    body: Object.fromEntries(body) as Evaluated['body'],
    parentId: (row?.parent ?? null) as string | null,
  };
}

async function act(
  tx: Tx,
  by: Writer,
  def: SObjectDef,
  runnable: RunnableTrigger,
  subject: TriggerSubject,
  { body, parentId }: Evaluated,
): Promise<string[]> {
  const { trigger, target, reference } = runnable;
  const fail = (says: string) => failed(trigger.name, subject.when, says);
  const nested = async (kind: string, id: string | undefined, work: () => Promise<unknown>) => {
    try {
      await work();
    } catch (error) {
      throw nestedFailure(error, kind, id, fail);
    }
  };
  const { id, when, stamp } = subject;
  if (trigger.do.throw !== undefined) throw fail(`TriggerException: ${trigger.do.throw}`);
  if (trigger.do.set) {
    if (when.startsWith('before')) {
      await nested('Update', id, () => setBefore(tx, by, def, id, body));
      return Object.keys(body);
    }
    await nested('Update', id, () => setAfter(tx, by, def, id, body, stamp));
  } else if (trigger.do.setParent && parentId !== null) {
    await nested('Update', parentId, () =>
      updateRecord(tx, by, target, parentId, columnValues(target, body, 'update')),
    );
  } else if (trigger.do.create) {
    await nested('Insert', undefined, () =>
      insertRecord(tx, by, target, columnValues(target, body, 'create')),
    );
  } else if (trigger.do.delete && reference) {
    const rows = await tx.query<{ Id: string }>(sql`
      SELECT "Id" FROM ${tableOf(target)} WHERE ${ident(reference.name)} = ${id} AND ${isLive(target)} ORDER BY "Id"`);
    for (const { Id } of rows) await nested('Delete', Id, () => deleteRecord(tx, by, target, Id));
  }
  return [];
}

type Body = Evaluated['body'];

/** Part of the write in progress: neither stamped nor logged separately. */
async function setBefore(tx: Tx, by: Writer, def: SObjectDef, id: string, body: Body): Promise<void> {
  const values = await checkedValues(tx, by, def, columnValues(def, body, 'update'), id);
  const assignments = [...values].map(([field, value]) => sql`${ident(field.name)} = ${value}`);
  await tx.query(sql`UPDATE ${tableOf(def)} SET ${join(assignments)} WHERE "Id" = ${id}`);
}

/** A separate write, with the stamp of the write that fired the trigger. */
async function setAfter(
  tx: Tx,
  by: Writer,
  def: SObjectDef,
  id: string,
  body: Body,
  stamp: Stamp,
): Promise<void> {
  const before = await lockRecord(tx, by, def, id);
  const values = await checkedValues(tx, by, def, columnValues(def, body, 'update'), id);
  const set = [...values].map(([field, value]): [string, unknown] => [field.name, value]);
  const columns = new Map([...set, ...modifiedColumns(def, stamp)]);
  await writeRow(tx, by, def, { change: 'update', id, columns, before }, stamp);
}

/** `before insert` is BeforeInsert. */
const eventOf = (when: Moment): string =>
  when
    .split(' ')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('');

const failed = (name: string, when: Moment, says: string): OrgError =>
  refused(
    'CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY',
    `${name}: execution of ${eventOf(when)}\n\ncaused by: ${says}\n\nTrigger.${name}: line 1, column 1`,
    [],
  );

/** If a trigger's own write fails, that is an exception of the trigger; an unavailable database is not. */
function nestedFailure(
  error: unknown,
  kind: string,
  id: string | undefined,
  fail: (says: string) => OrgError,
): unknown {
  const known = asOrgError(error);
  if (!known || known.status >= 500) return error;
  const { errorCode, message, fields = [] } = known.entry;
  const row = id === undefined ? 'row 0' : `row 0 with id ${id}`;
  return fail(
    `System.DmlException: ${kind} failed. First exception on ${row}; first error: ${errorCode}, ${message}: [${fields.join(', ')}]`,
  );
}

const tooDeep = (name: string, within: readonly TriggerRun[]): OrgError => {
  const lines = within.map(
    ({ sobject, event, recordId }) => `${sobject} trigger event ${event} for [${recordId.slice(0, 15)}]`,
  );
  return refused(
    'CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY',
    `${name}: maximum trigger depth exceeded\n${lines.join('\n')}`,
    [],
  );
};
