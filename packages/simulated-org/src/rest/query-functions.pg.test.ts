import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { startOrg } from '@lockstep/harness/org';

const org = await startOrg({ records: 300 });
after(() => org[Symbol.asyncDispose]());

type Found = Record<string, unknown>;

const query = (soql: string) =>
  org.request('GET', `/services/data/v62.0/query?q=${encodeURIComponent(soql)}`);

async function records(soql: string): Promise<Found[]> {
  const answer = await query(soql);
  assert.equal(answer.status, 200, answer.text);
  return (answer.json as { records: Found[] }).records.map(({ attributes: _, ...record }) => record);
}

async function refusal(soql: string): Promise<string> {
  const answer = await query(soql);
  assert.equal(answer.status, 400, answer.text);
  const [error] = answer.json as { errorCode: string; message: string }[];
  return `${error?.errorCode}: ${error?.message.split('\n').at(-1)}`;
}

const [place] = await org.db.query<{ id: string }>(
  sql`SELECT "Id" AS id FROM org."Invoice__c" WHERE NOT "IsDeleted" LIMIT 1`,
);
const id = place?.id ?? '';
await org.db.query(sql`
  UPDATE org."Invoice__c"
     SET "Paid_Amount__c" = -1234567.5, "Discount__c" = 12.5, "Installments__c" = 12000, "Issued_On__c" = '2025-04-10',
         "Due_At__c" = '2025-04-10T22:31:37Z', "Cutoff_Time__c" = '00:05', "Status__c" = 'Paid'
   WHERE "Id" = ${id}`);
await org.db.query(sql`UPDATE org."User" SET "TimeZoneSidKey" = 'America/Los_Angeles'`);

test('FORMAT() shows numbers, money, dates and times in human-readable form', async () => {
  const shown = [
    'Paid_Amount__c',
    'Discount__c',
    'Installments__c',
    'Issued_On__c',
    'Due_At__c',
    'Cutoff_Time__c',
  ];
  const list = shown.map((field) => `FORMAT(${field})`).join();
  assert.deepEqual(await records(`SELECT ${list} FROM Invoice__c WHERE Id = '${id}'`), [
    {
      Paid_Amount__c: '-$1,234,567.50',
      Discount__c: '12.50%',
      Installments__c: '12,000',
      Issued_On__c: '4/10/2025',
      Due_At__c: '4/10/2025, 3:31 PM',
      Cutoff_Time__c: '12:05 AM',
    },
  ]);
});

test('a field and its other display forms can be selected together under aliases, in its parent too', async () => {
  assert.deepEqual(
    await records(
      `SELECT Paid_Amount__c, format(Paid_Amount__c) Text, convertCurrency(Paid_Amount__c) money, FORMAT(convertCurrency(Paid_Amount__c)) both, toLabel(Status__c) FROM Invoice__c WHERE Id = '${id}'`,
    ),
    [
      {
        Paid_Amount__c: -1234567.5,
        Text: '-$1,234,567.50',
        money: -1234567.5,
        both: '-$1,234,567.50',
        Status__c: 'Paid',
      },
    ],
  );
  const [contact] = await records(
    'SELECT FORMAT(Account.CreatedDate), Account.Name FROM Contact WHERE AccountId != null LIMIT 1',
  );
  assert.match(
    String((contact?.Account as { CreatedDate?: string } | undefined)?.CreatedDate),
    /^\d+\/\d+\/\d{4}, \d+:\d\d [AP]M$/,
  );
  assert.match(
    await refusal('SELECT Name, FORMAT(CreatedDate), CreatedDate FROM Account'),
    /duplicate field selected/,
  );
});

test('FORMAT() can be applied to an aggregate', async () => {
  assert.deepEqual(
    await records(`SELECT FORMAT(MIN(Paid_Amount__c)) least, COUNT(Id) c FROM Invoice__c WHERE Id = '${id}'`),
    [{ least: '-$1,234,567.50', c: 1 }],
  );
});

test('labels can be filtered, other display forms of a field cannot', async () => {
  const found = await records(`SELECT Id FROM Invoice__c WHERE toLabel(Status__c) = 'paid' AND Id = '${id}'`);
  assert.deepEqual(found, [{ Id: id }]);
  for (const [soql, reason] of [
    [
      'SELECT Id FROM Invoice__c WHERE convertCurrency(Paid_Amount__c) > 1',
      "INVALID_FIELD: field 'CONVERTCURRENCY(Paid_Amount__c)' can not be filtered in a query call",
    ],
    [
      'SELECT Id FROM Invoice__c ORDER BY FORMAT(Issued_On__c)',
      'MALFORMED_QUERY: Ordered field must be grouped or aggregated: Issued_On__c',
    ],
    ['SELECT FORMAT(Name) FROM Account', 'INVALID_FIELD: field Name does not support function FORMAT'],
    ['SELECT toLabel(Name) FROM Account', 'INVALID_FIELD: field Name does not support function TOLABEL'],
    [
      'SELECT convertCurrency(Discount__c) FROM Invoice__c',
      'INVALID_FIELD: field Discount__c does not support function CONVERTCURRENCY',
    ],
    [
      'SELECT Id FROM Account WHERE convertTimezone(CreatedDate) = TODAY',
      'MALFORMED_QUERY: convertTimezone() can only be used inside a date function',
    ],
    [
      'SELECT Id FROM Contact WHERE HOUR_IN_DAY(convertTimezone(Birthdate)) = 1',
      'INVALID_FIELD: field Birthdate does not support function HOUR_IN_DAY',
    ],
  ] as const) {
    assert.equal(await refusal(soql), reason);
  }
});

test("hours and days are in UTC, and with convertTimezone() in the user's zone", async () => {
  const hours = await records(
    `SELECT HOUR_IN_DAY(Due_At__c) utc, HOUR_IN_DAY(convertTimezone(Due_At__c)) here FROM Invoice__c WHERE Id = '${id}' GROUP BY HOUR_IN_DAY(Due_At__c), HOUR_IN_DAY(convertTimezone(Due_At__c))`,
  );
  assert.deepEqual(hours, [{ utc: 22, here: 15 }]);
  const found = await records(
    `SELECT Id FROM Invoice__c WHERE HOUR_IN_DAY(convertTimezone(Due_At__c)) = 15 AND Id = '${id}'`,
  );
  assert.deepEqual(found, [{ Id: id }]);
});

test("an amount of money is compared by its number, in the org's currency", async () => {
  const found = (condition: string) =>
    records(`SELECT Id FROM Invoice__c WHERE ${condition} AND Id = '${id}'`);
  assert.equal((await found('Paid_Amount__c < USD0.5')).length, 1);
  assert.equal((await found('Paid_Amount__c IN (USD5, usd1)')).length, 0);
  assert.equal(
    await refusal('SELECT Id FROM Invoice__c WHERE Paid_Amount__c > EUR5'),
    'INVALID_FIELD: Invalid currency ISO code: EUR',
  );
  assert.match(await refusal('SELECT Id FROM Invoice__c WHERE Discount__c > USD5'), /must be of type double/);
});

test('locations are filtered and ordered by distance', async () => {
  const places = [
    ['Berlin', 52.520008, 13.404954],
    ['Potsdam', 52.390569, 13.064473],
    ['Hamburg', 53.551086, 9.993682],
  ] as const;
  const ids = await org.db.query<{ id: string }>(
    sql`SELECT "Id" AS id FROM org."Invoice__c" WHERE NOT "IsDeleted" ORDER BY "Id" LIMIT 3`,
  );
  await org.db.query(
    sql`UPDATE org."Invoice__c" SET "Place__Latitude__s" = NULL, "Place__Longitude__s" = NULL`,
  );
  for (const [i, [name, latitude, longitude]] of places.entries()) {
    await org.db.query(sql`
      UPDATE org."Invoice__c"
         SET "Place__Latitude__s" = ${latitude}, "Place__Longitude__s" = ${longitude}, "Channel__c" = ${name}
       WHERE "Id" = ${ids[i]?.id}`);
  }
  const from = (unit: string) => `DISTANCE(Place__c, GEOLOCATION(52.52, 13.405), '${unit}')`;
  const names = async (rest: string) =>
    (await records(`SELECT Channel__c FROM Invoice__c ${rest}`)).map(({ Channel__c: name }) => name);

  assert.deepEqual(await names(`WHERE ${from('km')} < 300 ORDER BY ${from('mi')} DESC`), [
    'Hamburg',
    'Potsdam',
    'Berlin',
  ]);
  assert.deepEqual(await names(`WHERE ${from('km')} < 28 AND ${from('km')} > 27`), ['Potsdam']);
  assert.deepEqual(await names(`WHERE ${from('mi')} < 17 AND ${from('mi')} > 16`), ['Potsdam']);
  assert.deepEqual(await names(`ORDER BY ${from('km')} NULLS LAST LIMIT 1`), ['Berlin']);
  assert.equal(
    (
      await records(
        "SELECT Id FROM Invoice_Line__c WHERE DISTANCE(Invoice__r.Place__c, GEOLOCATION(0, 0), 'km') < 1",
      )
    ).length,
    0,
  );
  for (const [condition, reason] of [
    [`${from('km')} = 1`, 'INVALID_FIELD: invalid operator on double field'],
    [`${from('km')} IN (1)`, 'INVALID_FIELD: invalid operator on double field'],
    [
      "DISTANCE(Name, GEOLOCATION(0, 0), 'km') < 1",
      'INVALID_FIELD: field Name does not support function DISTANCE',
    ],
  ] as const) {
    assert.equal(await refusal(`SELECT Id FROM Invoice__c WHERE ${condition}`), reason);
  }
});

test('USING SCOPE selects the records of the user who asks', async () => {
  const me = (await records(`SELECT Id FROM User WHERE Username = '${org.credentials.demo.username}'`))[0]
    ?.Id;
  await org.db.query(sql`
    UPDATE org."Account" SET "OwnerId" = ${me} WHERE "Id" IN (SELECT "Id" FROM org."Account" WHERE NOT "IsDeleted" ORDER BY "Id" LIMIT 3)`);
  const mine = await records('SELECT OwnerId FROM Account USING SCOPE mine');
  assert(mine.length >= 3);
  assert.deepEqual(new Set(mine.map(({ OwnerId }) => OwnerId)), new Set([me]));
  const all = await records('SELECT Id FROM Account USING SCOPE Everything');
  assert.deepEqual(all, await records('SELECT Id FROM Account'));
  assert.equal(
    await refusal('SELECT Id FROM Product2 USING SCOPE mine'),
    "MALFORMED_QUERY: the scope 'mine' is not supported for entity 'Product2'",
  );
  assert.equal(
    await refusal('SELECT Id FROM Account USING SCOPE team'),
    "MALFORMED_QUERY: the scope 'team' is not supported for entity 'Account'",
  );
});

test('a parent with an alias in FROM is reached by that alias', async () => {
  const byAlias = await records(
    "SELECT c.Id, a.Name, o.Name FROM Contact c, c.Account a, a.Owner AS o WHERE a.Name LIKE '%a%' AND o.IsActive = true ORDER BY a.Name, c.Id LIMIT 20",
  );
  assert(byAlias.length > 0);
  assert.deepEqual(
    byAlias,
    await records(
      "SELECT Id, Account.Name, Account.Owner.Name FROM Contact WHERE Account.Name LIKE '%a%' AND Account.Owner.IsActive = true ORDER BY Account.Name, Id LIMIT 20",
    ),
  );
  assert.match(
    await refusal('SELECT x.Name FROM Contact c, c.Nobody x'),
    /^INVALID_FIELD: Didn't understand relationship 'Nobody'/,
  );
});

test("a field that shows another record's value can be filtered, sorted and grouped by", async () => {
  const sold = await records('SELECT ProductCode, Product2.ProductCode FROM OpportunityLineItem LIMIT 200');
  const codes = sold.map(({ Product2 }) => (Product2 as { ProductCode: string }).ProductCode);
  assert.ok(codes.length > 0);
  assert.deepEqual(
    sold.map(({ ProductCode }) => ProductCode),
    codes,
  );
  const grouped = await records(
    'SELECT ProductCode, COUNT(Id) lines FROM OpportunityLineItem GROUP BY ProductCode ORDER BY ProductCode',
  );
  assert.deepEqual(
    grouped,
    [...Map.groupBy(codes, (code) => code)]
      .map(([ProductCode, lines]) => ({ ProductCode, lines: lines.length }))
      .toSorted((a, b) => (a.ProductCode < b.ProductCode ? -1 : 1)),
  );
  const [first] = grouped;
  const found = await records(
    `SELECT Id FROM OpportunityLineItem WHERE ProductCode = '${String(first?.ProductCode)}'`,
  );
  assert.equal(found.length, first?.lines);
});
