import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openTestDatabase, type TestDatabase } from '@lockstep/harness/database';
import { assertProperty } from '@lockstep/harness/property';
import * as fc from 'fast-check';
import { withUrls } from './children.ts';
import { compileSoql } from './compile.ts';
import { parseSoql } from './parse.ts';
import { createFamily, family, records } from './sample-family.ts';

let database: TestDatabase;
before(async () => {
  database = await openTestDatabase();
  await createFamily(database.db);
});
after(() => database[Symbol.asyncDispose]());

const compiled = (text: string) =>
  compileSoql(parseSoql(text), { sobjects: family, includeDeleted: false, version: '62.0', now: 0 });

type Json = { [key: string]: Json } | Json[] | string | number | boolean | null;

async function found(text: string): Promise<{ [key: string]: Json }[]> {
  const rows = await database.db.query<{ json: string }>(compiled(text).rows);
  const served = await Promise.all(rows.map(({ json }) => withUrls(json, () => Promise.resolve('next'))));
  return served.map((json) => JSON.parse(json) as { [key: string]: Json });
}

/** As one line of JSON, without the attributes. */
const plain = (value: unknown): string =>
  JSON.stringify(value, (key, inner: unknown) => (key === 'attributes' ? undefined : inner));

const names = async (condition: string, sobject = 'Contact') =>
  (await found(`SELECT Name FROM ${sobject} WHERE ${condition} ORDER BY Name`)).map(({ Name }) => Name);

test('a parent is an object with attributes in the position of its first field, and null if there is none', async () => {
  assert.deepEqual(
    await found('SELECT Account.Name, Id, Account.Owner.Name, Account.Id FROM Contact ORDER BY Id LIMIT 1'),
    [
      {
        attributes: { type: 'Contact', url: '/services/data/v62.0/sobjects/Contact/c1' },
        Account: {
          attributes: { type: 'Account', url: '/services/data/v62.0/sobjects/Account/a1' },
          Name: 'Acme',
          Owner: {
            attributes: { type: 'User', url: '/services/data/v62.0/sobjects/User/u1' },
            Name: 'Ada',
          },
          Id: 'a1',
        },
        Id: 'c1',
      },
    ],
  );
  assert.equal(
    plain(
      await found(
        "SELECT Account.Name, Account.Parent.Name FROM Contact WHERE Name IN ('Lone', 'Xi') ORDER BY Id",
      ),
    ),
    '[{"Account":{"Name":"Acme","Parent":null}},{"Account":null}]',
  );
});

test('a polymorphic parent is a Name that tells its sobject', async () => {
  assert.equal(
    plain(await found('SELECT Owner.Name, owner.type, Owner.Title FROM Contact ORDER BY Id LIMIT 2')),
    '[{"Owner":{"Name":"Ada","Type":"User","Title":"ADA"}},{"Owner":{"Name":"Queue","Type":"Group","Title":null}}]',
  );
  const [second] = await found("SELECT Owner.Name FROM Contact WHERE Owner.Type = 'group'");
  assert.deepEqual(second?.Owner, {
    attributes: { type: 'Name', url: '/services/data/v62.0/sobjects/Group/g1' },
    Name: 'Queue',
  });
});

test('queries filter, order and group by fields of parents, formulas included', async () => {
  assert.deepEqual(await names("Account.Owner.Name = 'ada'"), ['Xi', 'Yo']);
  assert.deepEqual(await names("Contact.Account.Parent.Parent.Title = 'ACME'"), ['Zed']);
  assert.deepEqual(await names("Account.Name != 'Acme'"), ['Lone', 'Zed']);
  assert.deepEqual(await names('Account.Name = null'), ['Lone']);
  assert.deepEqual(await names("NOT Account.Name LIKE 'a%'"), ['Lone', 'Zed']);
  const ordered = await found(
    'SELECT Name FROM Contact ORDER BY Account.Title DESC NULLS LAST, Owner.Name DESC',
  );
  assert.deepEqual(
    ordered.map(({ Name }) => Name),
    ['Zed', 'Yo', 'Xi', 'Lone'],
  );
  assert.equal(
    plain(
      await found(
        'SELECT Account.Name, COUNT(Id), MAX(Owner.Name) FROM Contact GROUP BY Account.Name ORDER BY Account.Name',
      ),
    ),
    '[{"Name":null,"expr0":1,"expr1":"Bob"},{"Name":"Acme","expr0":2,"expr1":"Queue"},{"Name":"Crate","expr0":1,"expr1":"Cy"}]',
  );
});

test('a path of parents may have five levels', async () => {
  const path = (levels: number) => `${'Manager.'.repeat(levels)}Name`;
  assert.equal((await found(`SELECT ${path(5)} FROM User`)).length, 3);
  assert.throws(() => compiled(`SELECT ${path(6)} FROM User`), /not traverse more than 5 levels/);
});

/** Accounts and their contacts, filtered and ordered by fields one and two levels up. */
test('generated paths give the same records as following the references by hand', async () => {
  type Stored = { Id: string; [name: string]: string | number | boolean | null };
  const byId = new Map(
    Object.values(records).flatMap((all) => all.map((one): [string, Stored] => [one.Id, one])),
  );
  const paths = [
    'Name',
    'Rank__c',
    'Parent.Name',
    'Parent.Rank__c',
    'Owner.Name',
    'Owner.Manager.Email',
    'Parent.Owner.Name',
  ];
  const follow = (record: Stored, path: string) => {
    const steps = path.split('.');
    let at: Stored | undefined = record;
    for (const step of steps.slice(0, -1)) at = byId.get(`${at?.[`${step}Id`]}`);
    return at?.[steps.at(-1) ?? ''] ?? null;
  };
  const rank = (value: Stored[string]) => (value === null ? '' : `!${value}`.toLowerCase());
  const path = fc.constantFrom(...paths);
  const text = fc.constantFrom('acme', 'Bolt', 'ADA', 'Bob', null);
  await assertProperty(
    fc.asyncProperty(
      path,
      path,
      text,
      fc.constantFrom('=', '!='),
      fc.boolean(),
      async (by, sort, wanted, sign, descending) => {
        const isNumber = by.endsWith('Rank__c');
        const constant = wanted === null ? 'null' : isNumber ? '2' : `'${wanted}'`;
        const value = wanted === null ? null : isNumber ? 2 : wanted.toLowerCase();
        const equals = (record: Stored) => {
          const one = follow(record, by);
          return (typeof one === 'string' ? one.toLowerCase() : one) === value;
        };
        const expected = (records.Account ?? [])
          .filter((record) => equals(record) === (sign === '='))
          .toSorted((a, b) => {
            const [left, right] = [follow(a, sort), follow(b, sort)].map(rank);
            // Nulls come first in both directions.
            if (left === right) return a.Id < b.Id ? -1 : 1;
            if (left === '' || right === '') return left === '' ? -1 : 1;
            return (left ?? '') < (right ?? '') === descending ? 1 : -1;
          })
          .map((record) => [record.Id, follow(record, by)]);
        const soql = `SELECT Id, ${by} FROM Account WHERE ${by} ${sign} ${constant} ORDER BY ${sort} ${descending ? 'DESC' : ''}`;
        const answered = (await found(soql)).map((record) => {
          let at: Json = record;
          for (const step of by.split('.'))
            at = at && typeof at === 'object' && !Array.isArray(at) ? (at[step] ?? null) : null;
          return [record.Id, at];
        });
        assert.deepEqual(answered, expected, soql);
      },
    ),
    { numRuns: 200 },
  );
});

test('children are a result within the record, and null if there are none', async () => {
  assert.deepEqual(
    await found(
      "SELECT Name, (SELECT Name FROM Contacts ORDER BY Name DESC) FROM Account WHERE Name = 'Acme'",
    ),
    [
      {
        attributes: { type: 'Account', url: '/services/data/v62.0/sobjects/Account/a1' },
        Name: 'Acme',
        Contacts: {
          totalSize: 2,
          done: true,
          records: ['Yo', 'Xi'].map((Name, index) => ({
            attributes: { type: 'Contact', url: `/services/data/v62.0/sobjects/Contact/c${2 - index}` },
            Name,
          })),
        },
      },
    ],
  );
  const children = async (query: string) =>
    (await found(`SELECT (${query}) FROM Account ORDER BY Id`)).map(({ Contacts }) => plain(Contacts));
  const one = (content: string) => `{"totalSize":1,"done":true,"records":[${content}]}`;
  // The contact of the fourth account is deleted.
  assert.deepEqual(await children("SELECT Id FROM Contacts WHERE Name != 'Yo'"), [
    one('{"Id":"c1"}'),
    'null',
    one('{"Id":"c3"}'),
    'null',
  ]);
  assert.deepEqual(
    await children('SELECT Owner.Name, Account.Owner.Name FROM Contacts ORDER BY Owner.Name DESC LIMIT 1'),
    [
      one('{"Owner":{"Name":"Queue"},"Account":{"Owner":{"Name":"Ada"}}}'),
      'null',
      one('{"Owner":{"Name":"Cy"},"Account":{"Owner":{"Name":"Bob"}}}'),
      'null',
    ],
  );
  assert.deepEqual(
    await children(
      "SELECT (SELECT Name FROM Notes__r WHERE Contact__r.Account.Name = 'crate') FROM Contacts",
    ),
    [
      '{"totalSize":2,"done":true,"records":[{"Notes__r":null},{"Notes__r":null}]}',
      'null',
      one(`{"Notes__r":${one('{"Name":"third"}')}}`),
      'null',
    ],
  );
});

test('a formula of a missing parent is empty, whatever it computes from empty fields', async () => {
  assert.deepEqual(await names('Account.Greeting = null'), ['Lone']);
  assert.deepEqual(await names("Account.Greeting = 'dear acme'"), ['Xi', 'Yo']);
  assert.equal(
    plain(await found("SELECT Account.Greeting FROM Contact WHERE Name = 'Lone' ORDER BY Account.Greeting")),
    '[{"Account":null}]',
  );
});

test('deleted children are read when the query includes deleted records', async () => {
  const [last] = await found(
    'SELECT (SELECT Id FROM Contacts) FROM Account ORDER BY Id DESC LIMIT 1 ALL ROWS',
  );
  assert.equal(plain(last), '{"Contacts":{"totalSize":1,"done":true,"records":[{"Id":"c5"}]}}');
});

test('a semi-join keeps the records whose Id the inner query finds, an anti-join the others', async () => {
  assert.deepEqual(await names('Id IN (SELECT AccountId FROM Contact)', 'Account'), ['Acme', 'Crate']);
  assert.deepEqual(await names('Id NOT IN (SELECT AccountId FROM Contact)', 'Account'), ['Bolt', 'Drum']);
  assert.deepEqual(
    await names(
      "ParentId IN (SELECT AccountId FROM Contact WHERE Owner.Name = 'queue') AND Rank__c = 2",
      'Account',
    ),
    ['Bolt'],
  );
  // The outer record's reference may be empty, too.
  assert.deepEqual(await names("AccountId NOT IN (SELECT Id FROM Account WHERE Name = 'Acme')"), [
    'Lone',
    'Zed',
  ]);
  assert.deepEqual(
    await names(
      'Id IN (SELECT AccountId FROM Contact) AND Id NOT IN (SELECT Contact__r.AccountId FROM Note__c)',
      'Account',
    ),
    [],
  );
});

test('INCLUDES requires all entries of one of its values, EXCLUDES is its opposite', async () => {
  assert.deepEqual(await names("Tags__c INCLUDES ('red;GREEN')"), ['Lone', 'Xi']);
  assert.deepEqual(await names("Tags__c INCLUDES ('Blue', 'Green;Red')"), ['Lone', 'Xi']);
  assert.deepEqual(await names("Tags__c includes ('Green')"), ['Lone', 'Xi', 'Yo']);
  assert.deepEqual(await names("Tags__c EXCLUDES ('Red')"), ['Yo', 'Zed']);
  assert.deepEqual(await names("Tags__c INCLUDES ('Gre')"), []);
});

test('FIELDS() selects the fields of its kind, and with custom fields requires a LIMIT', async () => {
  const keys = async (select: string) => Object.keys((await found(`SELECT ${select}`))[0] ?? {}).slice(1);
  assert.deepEqual(await keys('FIELDS(ALL) FROM Account LIMIT 200'), [
    'Id',
    'IsDeleted',
    'Name',
    'Title',
    'Greeting',
    'ParentId',
    'OwnerId',
    'Rank__c',
  ]);
  assert.deepEqual(await keys('fields(custom), Id FROM Account LIMIT 1'), ['Rank__c', 'Id']);
  assert.equal((await keys('FIELDS(STANDARD), Owner.Name FROM Account')).length, 8);
  assert.equal(
    plain(
      await found("SELECT (SELECT FIELDS(CUSTOM) FROM Contacts LIMIT 1) FROM Account WHERE Name = 'Acme'"),
    ),
    '[{"Contacts":{"totalSize":1,"done":true,"records":[{"Tags__c":"Red;Green"}]}}]',
  );
});

test('TYPEOF gives each record the fields of its own sobject', async () => {
  assert.deepEqual(
    (
      await found(
        'SELECT TYPEOF Owner WHEN User THEN Name, Email ELSE Id END FROM Contact ORDER BY Id LIMIT 2',
      )
    ).map(({ Owner }) => Owner),
    [
      {
        attributes: { type: 'User', url: '/services/data/v62.0/sobjects/User/u1' },
        Name: 'Ada',
        Email: 'ada@example.com',
      },
      { attributes: { type: 'Group', url: '/services/data/v62.0/sobjects/Group/g1' }, Id: 'g1' },
    ],
  );
});
