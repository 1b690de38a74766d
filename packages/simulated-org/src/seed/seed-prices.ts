import { sql } from '@lockstep/foundation/sql';
import { recordIdSql } from '../write/ids.ts';
import { always, listed, type Maker, recordAtSamePosition, someRecord } from './seed-makers.ts';
import { rangeOf } from './seed-plan.ts';
import { bookNames } from './seed-words.ts';

/** Two price books with every product, and opportunity lines at standard prices. */
const bookFields: Maker = (_dice, plan) => ({
  IsDeleted: always(sql`false`),
  Name: listed(plan, 'Pricebook2', bookNames),
  IsActive: sql`true`,
  IsStandard: sql`(n = ${rangeOf(plan, 'Pricebook2').first}::bigint)`,
});

/** First all products in the first book, then all in the second. */
const entryFields: Maker = (dice, plan) => {
  const place = sql`(n - ${rangeOf(plan, 'PricebookEntry').first}::bigint)`;
  const { first } = rangeOf(plan, 'Pricebook2');
  return {
    IsDeleted: always(sql`false`),
    Pricebook2Id: recordIdSql(
      '01s',
      sql`(${first}::bigint + ${place} / ${rangeOf(plan, 'Product2').count}::bigint)`,
    ),
    Product2Id: recordAtSamePosition(plan, 'PricebookEntry', 'Product2', '01t'),
    UnitPrice: sql`(5 + ${dice.roll('price', 200_000)} / 100.0)::numeric(18, 2)`,
    IsActive: sql`true`,
  };
};

const lineFields: Maker = (dice, plan) => {
  const products = rangeOf(plan, 'Product2');
  const place = dice.roll('product', products.count);
  const quantity = sql`(1 + ${dice.roll('quantity', 50)})::numeric`;
  const price = sql`(5 + ${dice.roll('price', 200_000)} / 100.0)::numeric(18, 2)`;
  return {
    IsDeleted: always(sql`false`),
    OpportunityId: someRecord(dice, plan, '006', 'Opportunity', 'opportunity'),
    PricebookEntryId: always(
      recordIdSql('01u', sql`(${rangeOf(plan, 'PricebookEntry').first}::bigint + ${place})`),
    ),
    Product2Id: always(recordIdSql('01t', sql`(${products.first}::bigint + ${place})`)),
    Quantity: quantity,
    UnitPrice: always(price),
    TotalPrice: always(sql`${quantity} * ${price}`),
  };
};

export const priceMakers: Record<string, Maker> = {
  Pricebook2: bookFields,
  PricebookEntry: entryFields,
  OpportunityLineItem: lineFields,
};

/** Sets the opportunities to the totals of their lines, without a new stamp. */
export const rollUpLines = sql`
  UPDATE org."Opportunity" AS deal
     SET "Amount" = lines.total, "TotalOpportunityQuantity" = lines.quantity, "HasOpportunityLineItem" = true,
         "Pricebook2Id" = (SELECT "Id" FROM org."Pricebook2" WHERE "IsStandard")
    FROM (SELECT "OpportunityId" AS id, sum("TotalPrice") AS total, sum("Quantity") AS quantity
            FROM org."OpportunityLineItem" GROUP BY "OpportunityId") AS lines
   WHERE deal."Id" = lines.id`;
