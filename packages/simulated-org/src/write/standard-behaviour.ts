import { sql } from '@lockstep/foundation/sql';
import { refused } from '../http/errors.ts';
import { fieldNamed, type SObjectDef } from '../schema/schema.ts';
import { accountTrail } from './account-trail.ts';
import { type Behaviour, becomes, textOf, type Values, type Write } from './behaviour.ts';
import { eventBehaviour, taskBehaviour } from './standard-activities.ts';
import { lineItemBehaviour, opportunityBehaviour, priceBehaviour } from './standard-prices.ts';

/** What the org does when a record of a standard sobject is written, all in the writing transaction. */
const caseBehaviour: Behaviour = {
  reads: ['Status', 'AccountId'],
  async fill(write) {
    const { columns, stamp, tx, before } = write;
    if (becomes(write, 'Status', 'Closed')) columns.set('ClosedDate', stamp.at);
    else if (before && columns.has('Status') && columns.get('Status') !== 'Closed')
      columns.set('ClosedDate', null);
    const contactId = columns.get('ContactId');
    if (before || typeof contactId !== 'string' || columns.has('AccountId')) return;
    const [contact] = await tx.query<{ AccountId: string | null }>(
      sql`SELECT "AccountId" FROM org."Contact" WHERE "Id" = ${contactId}`,
    );
    columns.set('AccountId', contact?.AccountId ?? null);
  },
};

const contractBehaviour: Behaviour = {
  reads: ['Status'],
  fill(write) {
    if (!becomes(write, 'Status', 'Activated')) return;
    write.columns.set('ActivatedDate', write.stamp.at);
    write.columns.set('ActivatedById', write.stamp.userId);
  },
};

const memberBehaviour: Behaviour = {
  reads: ['Status', 'FirstRespondedDate'],
  async fill(write) {
    const { columns, before, stamp, tx } = write;
    if (becomes(write, 'Status', 'Responded') && !before?.FirstRespondedDate)
      columns.set('FirstRespondedDate', stamp.at.slice(0, 10));
    if (before) return;
    const twin = await tx.query(sql`
      SELECT FROM org."CampaignMember"
       WHERE "CampaignId" = ${columns.get('CampaignId')} AND NOT "IsDeleted"
         AND ("LeadId" = ${columns.get('LeadId') ?? null}::text
              OR "ContactId" = ${columns.get('ContactId') ?? null}::text)`);
    if (twin.length > 0) throw refused('DUPLICATE_VALUE', 'Already a campaign member.', []);
  },
};

const documentBehaviour: Behaviour = {
  reads: [],
  fill({ before, columns, stamp }) {
    if (before) return;
    columns.set('AuthorId', columns.get('AuthorId') ?? stamp.userId);
    const name = (textOf(columns.get('Name')) ?? '').replaceAll(/\W+/g, '_');
    columns.set('DeveloperName', columns.get('DeveloperName') ?? name.slice(0, 80));
  },
};

const behaviours: ReadonlyMap<string, Behaviour> = new Map([
  ['Account', accountTrail],
  ['Case', caseBehaviour],
  ['CampaignMember', memberBehaviour],
  ['Contract', contractBehaviour],
  ['Document', documentBehaviour],
  ['Event', eventBehaviour],
  ['Opportunity', opportunityBehaviour],
  ['OpportunityLineItem', lineItemBehaviour],
  ['PricebookEntry', priceBehaviour],
  ['Task', taskBehaviour],
]);

/** The columns of the row that a write needs to know. */
export const behaviourReads = (def: SObjectDef): readonly string[] => behaviours.get(def.name)?.reads ?? [];

/** Before a row is stored. A deletion and an undelete fill in nothing. */
export async function fillIn(write: Write): Promise<void> {
  if (write.columns.has('IsDeleted')) return;
  if (fieldNamed(write.def, 'RecordTypeId')) await fillRecordType(write);
  await behaviours.get(write.def.name)?.fill?.(write);
}

/** After a row was stored. */
export async function followUp(write: Write, after: Values | undefined): Promise<void> {
  if (after) await behaviours.get(write.def.name)?.follow?.(write, after);
}

/** A new record gets the first record type of its sobject, unless it names another. */
async function fillRecordType({ tx, def, before, columns }: Write): Promise<void> {
  const given = textOf(columns.get('RecordTypeId'));
  const usable = sql`
    SELECT "Id" FROM org."RecordType" WHERE "SobjectType" = ${def.name} AND "IsActive"`;
  if (given === null) {
    // Resolved by the statement that writes the row.
    if (!before) columns.set('RecordTypeId', sql`(${usable} ORDER BY "Id" LIMIT 1)`);
    return;
  }
  const found = await tx.query(sql`${usable} AND "Id" = ${given}`);
  if (found.length === 0) {
    const message = `Record Type ID: this ID value isn't valid for the user: ${given}`;
    throw refused('INVALID_CROSS_REFERENCE_KEY', message, ['RecordTypeId']);
  }
}
