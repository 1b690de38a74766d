import type { Tx } from '@lockstep/foundation/database';
import { sql } from '@lockstep/foundation/sql';
import { refused } from '../http/errors.ts';
import { type Behaviour, type Write, willBe } from './behaviour.ts';
import { locking } from './locking.ts';

/** Price books: what a price requires, what a line of an opportunity costs, and how lines add up. */
const integrity = (message: string) =>
  refused('FIELD_INTEGRITY_EXCEPTION', `field integrity exception: ${message}`, []);

/** A product must have a price in the standard price book before any other. */
export const priceBehaviour: Behaviour = {
  reads: ['UseStandardPrice', 'Pricebook2Id', 'Product2Id'],
  async fill(write) {
    const { tx, before, columns } = write;
    const [bookId, productId] = [willBe(write, 'Pricebook2Id'), willBe(write, 'Product2Id')];
    const [found] = await tx.query<{
      is_standard: boolean;
      standard: string | null;
      twin: string | null;
    }>(sql`
      SELECT book."IsStandard" AS is_standard, standard."UnitPrice" AS standard, twin."Id" AS twin
        FROM org."Pricebook2" AS book
        LEFT JOIN org."PricebookEntry" AS standard
               ON standard."Product2Id" = ${productId} AND NOT standard."IsDeleted"
              AND standard."Pricebook2Id" = (SELECT "Id" FROM org."Pricebook2" WHERE "IsStandard" ORDER BY "Id" LIMIT 1)
        LEFT JOIN org."PricebookEntry" AS twin
               ON twin."Product2Id" = ${productId} AND NOT twin."IsDeleted" AND twin."Pricebook2Id" = book."Id"
       WHERE book."Id" = ${bookId}
       LIMIT 1`);
    if (!before && found?.twin)
      throw refused('DUPLICATE_VALUE', 'This price definition already exists in this price book', []);
    if (found?.is_standard === false && found.standard === null)
      throw refused('STANDARD_PRICE_NOT_DEFINED', 'No standard price defined for this product', []);
    if (willBe(write, 'UseStandardPrice') === true) columns.set('UnitPrice', found?.standard ?? null);
    if (!before && (columns.get('UnitPrice') ?? null) === null)
      throw refused('REQUIRED_FIELD_MISSING', 'Required fields are missing: [UnitPrice]', ['UnitPrice']);
  },
};

interface Entry {
  Id: string;
  Product2Id: string;
  Pricebook2Id: string;
  UnitPrice: string;
  book: string | null;
}

/** Unit price and total price follow from each other and the quantity; only one of them may be written at a time. */
export const lineItemBehaviour: Behaviour = {
  reads: ['OpportunityId', 'Quantity', 'UnitPrice'],
  async fill(write) {
    const { before, columns } = write;
    if (!before) await takeEntry(write);
    const [unit, total] = [columns.get('UnitPrice') ?? null, columns.get('TotalPrice') ?? null];
    if (unit !== null && total !== null)
      throw integrity('unknown (only one of unit price and total price may be specified)');
    await setPrices(write, total);
  },
  follow: ({ tx, stamp }, after) => rollUp(tx, stamp, String(after.OpportunityId)),
};

async function takeEntry({ tx, columns, stamp }: Write): Promise<void> {
  const opportunityId = columns.get('OpportunityId');
  const [entry] = await tx.query<Entry>(sql`
    SELECT entry."Id", entry."Product2Id", entry."Pricebook2Id", entry."UnitPrice", deal."Pricebook2Id" AS book
      FROM org."Opportunity" AS deal
      JOIN org."PricebookEntry" AS entry
        ON NOT entry."IsDeleted"
       AND (entry."Id" = ${columns.get('PricebookEntryId') ?? null}::text
            OR (${columns.get('PricebookEntryId') ?? null}::text IS NULL
                AND entry."Product2Id" = ${columns.get('Product2Id') ?? null}::text
                AND entry."Pricebook2Id" = deal."Pricebook2Id"))
     WHERE deal."Id" = ${opportunityId}
     LIMIT 1`);
  if (!entry) throw integrity('unknown (must specify a product or a price book entry)');
  if (entry.book !== null && entry.book !== entry.Pricebook2Id)
    throw integrity(
      'PricebookEntryId (pricebook entry is in a different pricebook than the one assigned to the opportunity)',
    );
  columns.set('PricebookEntryId', entry.Id);
  columns.set('Product2Id', entry.Product2Id);
  if ((columns.get('UnitPrice') ?? columns.get('TotalPrice') ?? null) === null)
    columns.set('UnitPrice', entry.UnitPrice);
  if (entry.book === null) {
    await tx.query(sql`
      UPDATE org."Opportunity"
         SET "Pricebook2Id" = ${entry.Pricebook2Id}, "LastModifiedDate" = ${stamp.at}::timestamptz,
             "LastModifiedById" = ${stamp.userId}, "SystemModstamp" = ${stamp.at}::timestamptz
       WHERE "Id" = ${opportunityId}`);
  }
}

/** Computed by the database, which keeps every digit. */
async function setPrices(write: Write, total: unknown): Promise<void> {
  const { tx, columns } = write;
  const [quantity, unit] = [willBe(write, 'Quantity'), willBe(write, 'UnitPrice')];
  const [prices] = await tx.query<{ unit: string | null; total: string | null }>(
    total === null
      ? sql`SELECT ${unit}::numeric AS unit, ${unit}::numeric * ${quantity}::numeric AS total`
      : sql`SELECT round(${total}::numeric / nullif(${quantity}::numeric, 0), 2) AS unit, ${total}::numeric AS total`,
  );
  columns.set('UnitPrice', prices?.unit ?? null);
  columns.set('TotalPrice', prices?.total ?? null);
}

/** While an opportunity has line items, its amount is theirs: a written amount is ignored, without an error. */
export const opportunityBehaviour: Behaviour = {
  reads: ['HasOpportunityLineItem', 'StageName'],
  fill({ before, columns, stamp }) {
    if (before?.HasOpportunityLineItem === true) columns.delete('Amount');
    if (before && columns.has('StageName') && columns.get('StageName') !== before.StageName)
      columns.set('LastStageChangeDate', stamp.at);
  },
};

/** Locked before the lines are summed: a statement that itself waited would still sum the old lines. */
async function rollUp(tx: Tx, stamp: Write['stamp'], opportunityId: string): Promise<void> {
  await locking([opportunityId], () =>
    tx.query(sql`SELECT FROM org."Opportunity" WHERE "Id" = ${opportunityId} FOR UPDATE`),
  );
  await tx.query(sql`
    UPDATE org."Opportunity" AS deal
       SET "Amount"                   = coalesce(lines.total, deal."Amount"),
           "TotalOpportunityQuantity" = coalesce(lines.quantity, deal."TotalOpportunityQuantity"),
           "HasOpportunityLineItem"   = lines.count > 0,
           "LastModifiedDate"         = ${stamp.at}::timestamptz,
           "LastModifiedById"         = ${stamp.userId},
           "SystemModstamp"           = ${stamp.at}::timestamptz
      FROM (SELECT sum("TotalPrice") AS total, sum("Quantity") AS quantity, count(*) AS count
              FROM org."OpportunityLineItem"
             WHERE "OpportunityId" = ${opportunityId} AND NOT "IsDeleted") AS lines
     WHERE deal."Id" = ${opportunityId} AND NOT deal."IsDeleted"`);
}
