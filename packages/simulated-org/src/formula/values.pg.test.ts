import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { user } from '../objects/user.ts';
import type { FieldDef } from '../schema/schema.ts';
import { mapOf } from '../schema/schema-storage.ts';
import { tableOf } from '../schema/storage.ts';
import { columnOf } from '../soql/columns.ts';
import { type InProcessOrg, openInProcessOrg } from '../test-in-process-org.ts';
import { customer, deal, dealsWith, formulaField, region } from './sample-deal.ts';

const inner: InProcessOrg = await openInProcessOrg(dealsWith());
after(() => inner[Symbol.asyncDispose]());

const regionId = await inner.insert('Region__c', { Name: 'North', Factor__c: 1.5 });
const customerId = await inner.insert('Customer__c', { Name: 'Acme', Region__c: regionId, Is_Key__c: true });
const full = await inner.insert('Deal__c', {
  Name: 'Big "one"',
  Customer__c: customerId,
  Amount__c: 1000.5,
  Count__c: 7,
  Share__c: 20,
  Is_Open__c: true,
  Due__c: '2024-02-29',
  Seen__c: '2024-02-29T12:30:00Z',
  Stage__c: 'Won',
  Tags__c: 'Red;Green',
});
const empty = await inner.insert('Deal__c', {});

/** The value of a formula field with this text in a record. */
async function value(
  formula: string,
  { type = 'double', id = full, ...more }: { id?: string } & Partial<FieldDef> = {},
): Promise<string | boolean | null> {
  const sobjects = mapOf(dealsWith(formulaField('F__c', type, formula, more)), inner.clock);
  const def = sobjects.get('deal__c');
  const field = def?.fields.find(({ name }) => name === 'F__c');
  assert.ok(def && field);
  const [row] = await inner.db.query<{ value: string | boolean | null }>(
    sql`SELECT (${columnOf(field)}) AS value FROM ${tableOf(def)} AS r WHERE "Id" = ${id}`,
  );
  return row?.value ?? null;
}

/** Checks formulas of one type against their expected results. */
async function give(type: FieldDef['type'], expected: Readonly<Record<string, unknown>>, id = full) {
  for (const [formula, wanted] of Object.entries(expected)) {
    const found = await value(formula, { type, id });
    const shown = typeof found === 'string' && type === 'double' ? String(Number(found)) : found;
    assert.equal(shown, wanted, formula);
  }
}

test('operators bind as in the formula editor', () =>
  give('double', {
    '1 + 2 * 3': '7',
    '(1 + 2) * 3': '9',
    '2 ^ 3 ^ 2': '64',
    '-2 ^ 2': '-4',
    '10 / 4': '2.5',
    '1 - 1 - 1': '-1',
    '.5 * 4': '2',
    'Amount__c /* gross */ - 0.5': '1000',
    'Due__c - DATE(2024, 1, 1)': '59',
    'Seen__c - (Seen__c - 1.5)': '1.5',
  }));

test('comparisons and logic give true or false, never null', async () => {
  await give('boolean', {
    'Amount__c >= 1000 && NOT(Count__c = 6) || FALSE': true,
    'Name = "Big \\"one\\""': true,
    'Name <> \'big "one"\'': true,
    'Due__c == DATE(2024, 2, 29)': true,
    '!Is_Open__c': false,
    'AND(Is_Open__c, Count__c > 6, Count__c < 8)': true,
    'OR(FALSE, FALSE)': false,
    'Customer__r.Is_Key__c': true,
  });
  await give(
    'boolean',
    {
      'Due__c > DATE(2024, 1, 1)': false,
      'NOT(Due__c > DATE(2024, 1, 1))': true,
      Is_Open__c: false,
      'Customer__r.Is_Key__c': false,
      'Name = ""': true,
      'Name = NULL': true,
    },
    empty,
  );
});

test('texts are cut, joined and searched', () =>
  give('string', {
    'Name & " / " + Customer__r.Name': 'Big "one" / Acme',
    'LEFT(Name, 3) & RIGHT(Name, 4) & MID(Name, 2, 2)': 'Bigone"ig',
    'LEFT(Name, -1)': null,
    'TRIM("  a b  ")': 'a b',
    'UPPER("straße") & LOWER("ÄB")': 'STRASSEäb',
    'SUBSTITUTE(Name, "Big", "Small")': 'Small "one"',
    'TEXT(10 / 4)': '2.5',
    'TEXT(Due__c)': '2024-02-29',
    'TEXT(Seen__c)': '2024-02-29 12:30:00Z',
    'TEXT(Stage__c)': 'Won',
    'IF(CONTAINS(Name, "one"), IF(BEGINS(Name, "B"), "both", "one"), "none")': 'both',
    'CASE(Stage__c, "New", "n", "Won", "w", "?")': 'w',
    'CASE(Count__c, 1, "one", 7, "seven", "many")': 'seven',
    'LEFT(Id, 18)': full.slice(0, 15),
    'CASESAFEID(Id)': full,
    Customer__c: customerId.slice(0, 15),
    'TEXT(LEN("日本"))': '2',
  }));

test('numbers are rounded as Salesforce rounds them', () =>
  give('double', {
    'ROUND(2.5, 0)': '3',
    'ROUND(-2.5, 0)': '-3',
    'ROUND(1234.5, -2)': '1200',
    'FLOOR(-2.5)': '-2',
    'CEILING(-2.5)': '-3',
    'CEILING(2.1)': '3',
    'ABS(-1)': '1',
    'MOD(7, 3)': '1',
    'MAX(1, Count__c, 3) + MIN(4, 5)': '11',
    'VALUE("12.50")': '12.5',
    'LEN(Name)': '9',
  }));

test('formulas calculate with dates by the calendar: months of 28 to 31 days, and leap years', () =>
  give('date', {
    'Due__c + 1': '2024-03-01',
    'ADDMONTHS(Due__c, 12)': '2025-02-28',
    'ADDMONTHS(Due__c, 1)': '2024-03-31',
    'ADDMONTHS(DATE(2024, 1, 30), 1)': '2024-02-29',
    'DATEVALUE("2024-2-9")': '2024-02-09',
    'DATEVALUE(Seen__c)': '2024-02-29',
    'DATE(YEAR(Due__c), MONTH(Due__c), DAY(Due__c) - 1)': '2024-02-28',
  }));

test("functions test a picklist's value", () =>
  give('boolean', {
    'ISPICKVAL(Stage__c, "Won")': true,
    'ISPICKVAL(Stage__c, "")': false,
    'INCLUDES(Tags__c, "Green")': true,
    'INCLUDES(Tags__c, "Gre")': false,
    'ISBLANK(Stage__c)': false,
  }));

test('what cannot be computed is null, and the record can still be read', async () => {
  await give('double', {
    'Amount__c / 0': null,
    'MOD(1, 0)': null,
    'VALUE("abc")': null,
    'VALUE(Name)': null,
    '(0 - 8) ^ 0.5': null,
    '10 ^ 999': null,
    '0 ^ (0 - 1)': null,
  });
  await give('date', {
    'DATE(2023, 2, 29)': null,
    'DATE(2024, 13, 1)': null,
    'DATEVALUE("soon")': null,
    'Due__c + 100000000000': null,
    'ADDMONTHS(Due__c, 999999999)': null,
  });
});

test('a blank number counts as zero, or as blank where the field says so', async () => {
  assert.equal(await value('Amount__c + 1', { id: empty }), '1');
  assert.equal(await value('Customer__r.Bonus__c + 1', { id: empty }), '1');
  assert.equal(await value('Amount__c + 1', { id: empty, blankAs: 'blank' }), null);
  assert.equal(await value('BLANKVALUE(Amount__c, 5)', { id: empty, blankAs: 'blank' }), '5');
  assert.equal(await value('ISBLANK(Amount__c)', { id: empty, type: 'boolean', blankAs: 'blank' }), true);
  assert.equal(await value('ISNULL(Name)', { id: empty, type: 'boolean' }), false);
  assert.equal(await value('BLANKVALUE(Name, "none")', { id: empty, type: 'string' }), 'none');
  assert.equal(await value('NULLVALUE(Name, "none")', { id: empty, type: 'string' }), null);
  assert.equal(await value('IF(ISBLANK(Due__c), NULL, 1)', { id: empty }), null);
});

test('a percent of 20 is 0.2 in a formula, and a percent formula of 0.2 is 20', async () => {
  assert.equal(Number(await value('Amount__c * Share__c')), 200.1);
  assert.equal(Number(await value('Share__c / 2', { type: 'percent' })), 10);
});

test("the time is the org's, at each reading", async () => {
  const at = async () => [await value('TODAY() - Due__c'), await value('NOW()', { type: 'datetime' })];
  assert.deepEqual(await at(), ['672', '2026-01-01 00:00:00+00']);
  inner.clock.advance(36 * 3_600_000);
  assert.deepEqual(await at(), ['673', '2026-01-02 12:00:00+00']);
});

test('formulas can use other formulas, also those of parents', async () => {
  const net = formulaField('Net__c', 'double', 'Gross__c * (1 - Share__c)');
  const gross = formulaField('Gross__c', 'double', 'Amount__c * Customer__r.Weight__c');
  const weight = formulaField('Weight__c', 'double', 'Region__r.Factor__c * 2');
  const sobjects = mapOf([user, region(), customer(weight), deal(net, gross)], inner.clock);
  const def = sobjects.get('deal__c');
  const field = def?.fields.find(({ name }) => name === 'Net__c');
  assert.ok(def && field);
  const [row] = await inner.db.query<{ net: string }>(
    sql`SELECT ${columnOf(field)} AS net FROM ${tableOf(def)} AS r WHERE "Id" = ${full}`,
  );
  assert.equal(Number(row?.net), 2401.2);
});
