import { sql } from '../lib/sql.ts';
import type { Behaviour, Values, Write } from './behaviour.ts';
import { recordIdSql } from './ids.ts';

/**
 * The rows that accounts leave behind: their history, and the share by which an owner sees the record. A reference
 * leaves two rows of history, one with the names and one with the Ids.
 */
const tracked: Readonly<Record<string, string>> = {
  Name: 'Text',
  Type: 'DynamicEnum',
  Phone: 'Phone',
  Industry: 'DynamicEnum',
  AnnualRevenue: 'Currency',
  Rating: 'DynamicEnum',
};

interface Change {
  field: string;
  type: string;
  /** JSON. */
  from: string | null;
  to: string | null;
}

export const accountTrail: Behaviour = {
  reads: [...Object.keys(tracked), 'OwnerId'],
  async follow(write, after) {
    const { before } = write;
    const changes = before
      ? changesBetween(before, after)
      : [{ field: 'created', type: 'Text', from: null, to: null }];
    const isNewOwner = before?.OwnerId !== after.OwnerId;
    if (before && isNewOwner) changes.push(...(await ownerChanges(write, before, after)));
    await writeHistory(write, changes);
    if (isNewOwner) await shareWithOwner(write, after);
  },
};

const changesBetween = (before: Values, after: Values): Change[] =>
  Object.entries(tracked)
    .filter(([field]) => before[field] !== after[field])
    .map(([field, type]) => ({ field, type, from: json(type, before[field]), to: json(type, after[field]) }));

/** A number is its own JSON, and keeps its digits. */
function json(type: string, value: Values[string]): string | null {
  if (value === null || value === undefined) return null;
  return type === 'Currency' ? String(value) : JSON.stringify(value);
}

async function ownerChanges({ tx }: Write, before: Values, after: Values): Promise<Change[]> {
  const ids = [before.OwnerId, after.OwnerId];
  const people = await tx.query<{ Id: string; name: string }>(sql`
    SELECT "Id", concat_ws(' ', "FirstName", "LastName") AS name FROM org."User" WHERE "Id" = ANY(${ids}::text[])`);
  const nameOf = (id: Values[string]) => people.find((person) => person.Id === id)?.name;
  const change = (type: string, [from, to]: readonly Values[string][]): Change => ({
    field: 'Owner',
    type,
    from: json(type, from),
    to: json(type, to),
  });
  return [change('Text', ids.map(nameOf)), change('EntityId', ids)];
}

async function writeHistory({ tx, stamp, id }: Write, changes: readonly Change[]): Promise<void> {
  if (changes.length === 0) return;
  const column = (name: keyof Change) => changes.map((change) => change[name]);
  await tx.query(sql`
    INSERT INTO org."AccountHistory" ("Id", "AccountId", "CreatedById", "CreatedDate", "Field", "DataType", "OldValue", "NewValue")
    SELECT ${recordIdSql('017', sql`n`)}, ${id}, ${stamp.userId}, ${stamp.at}::timestamptz, field, type, "from"::jsonb, "to"::jsonb
      FROM (SELECT nextval('simulator.record_number') AS n, changes.*
              FROM unnest(${column('field')}::text[], ${column('type')}::text[], ${column('from')}::text[], ${column('to')}::text[])
                   AS changes (field, type, "from", "to")) AS numbered`);
}

async function shareWithOwner({ tx, stamp, id }: Write, after: Values): Promise<void> {
  await tx.query(sql`DELETE FROM org."AccountShare" WHERE "AccountId" = ${id} AND "RowCause" = 'Owner'`);
  await tx.query(sql`
    INSERT INTO org."AccountShare" ("Id", "AccountId", "UserOrGroupId", "AccountAccessLevel", "OpportunityAccessLevel",
      "CaseAccessLevel", "ContactAccessLevel", "RowCause", "LastModifiedDate", "LastModifiedById")
    SELECT ${recordIdSql('00r', sql`n`)}, ${id}, ${after.OwnerId}, 'All', 'Edit', 'Edit', 'Edit', 'Owner',
           ${stamp.at}::timestamptz, ${stamp.userId}
      FROM (SELECT nextval('simulator.record_number') AS n) AS numbered`);
}
