import { compile, sql } from '@lockstep/foundation/sql';
import type { Behaviour, Values, Write } from './behaviour.ts';
import { recordId } from './ids.ts';

/**
 * The rows that a change of an account leaves: its history, and the share by which the owner sees the record. A
 * changed reference leaves two rows of history, one with the names and one with the Ids.
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

/** A number is already JSON, and keeps its digits. */
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

async function writeHistory({ tx, by, stamp, id }: Write, changes: readonly Change[]): Promise<void> {
  if (changes.length === 0) return;
  const ids: string[] = [];
  for (let made = 0; made < changes.length; made++) ids.push(recordId('017', await by.org.numbers.next(tx)));
  const column = (name: keyof Change) => changes.map((change) => change[name]);
  await tx.query({
    name: 'account history',
    ...compile(sql`
      INSERT INTO org."AccountHistory" ("Id", "AccountId", "CreatedById", "CreatedDate", "Field", "DataType", "OldValue", "NewValue")
      SELECT change.id, ${id}, ${stamp.userId}, ${stamp.at}::timestamptz, field, type, "from"::jsonb, "to"::jsonb
        FROM unnest(${ids}::text[], ${column('field')}::text[], ${column('type')}::text[], ${column('from')}::text[],
                    ${column('to')}::text[]) AS change (id, field, type, "from", "to")`),
  });
}

async function shareWithOwner({ tx, by, stamp, id, before }: Write, after: Values): Promise<void> {
  if (before)
    await tx.query(sql`DELETE FROM org."AccountShare" WHERE "AccountId" = ${id} AND "RowCause" = 'Owner'`);
  const shareId = recordId('00r', await by.org.numbers.next(tx));
  await tx.query({
    name: 'account share',
    ...compile(sql`
      INSERT INTO org."AccountShare" ("Id", "AccountId", "UserOrGroupId", "AccountAccessLevel", "OpportunityAccessLevel",
        "CaseAccessLevel", "ContactAccessLevel", "RowCause", "LastModifiedDate", "LastModifiedById")
      VALUES (${shareId}, ${id}, ${after.OwnerId}, 'All', 'Edit', 'Edit', 'Edit', 'Owner', ${stamp.at}::timestamptz,
              ${stamp.userId})`),
  });
}
