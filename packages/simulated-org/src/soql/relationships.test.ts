import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SObjectDef } from '../schema/schema.ts';
import { compileSoql } from './compile.ts';
import { SoqlError } from './errors.ts';
import { parseSoql } from './parse.ts';
import { family } from './sample-family.ts';

const compiled = (text: string, sobjects: ReadonlyMap<string, SObjectDef> = family) =>
  compileSoql(parseSoql(text), { sobjects, includeDeleted: false, version: '62.0', now: 0 });

/** A query, the position of its error, and the error's code and last line. */
type Refusal = readonly [text: string, at: number, code: string, reason: RegExp];

function isRefused([text, at, code, reason]: Refusal): void {
  assert.throws(
    () => compiled(text),
    (error: unknown) => {
      assert(error instanceof SoqlError, String(error));
      assert.equal(error.code, code, text);
      assert.match(error.message, new RegExp(`\\nERROR at Row:1:Column:${at}\\n`), text);
      assert.match(error.message.split('\n').at(-1) ?? '', reason);
      return true;
    },
  );
}

const wrongRelationships: readonly Refusal[] = [
  [
    'SELECT Boss.Name FROM Account',
    8,
    'INVALID_FIELD',
    /^Didn't understand relationship 'Boss' in field path\./,
  ],
  ['SELECT Campaign.Name FROM Contact', 8, 'INVALID_FIELD', /^Didn't understand relationship 'Campaign'/],
  ['SELECT Owner.Foo FROM Contact', 8, 'INVALID_FIELD', /^No such column 'Foo' on entity 'Name'\./],
  ['SELECT Id FROM Contact ORDER BY Owner.Rank__c', 33, 'INVALID_FIELD', /^No such column 'Rank__c'/],
  [
    'SELECT (SELECT Id FROM Contact) FROM Account',
    24,
    'INVALID_FIELD',
    /^Didn't understand relationship 'Contact'/,
  ],
  [
    'SELECT (SELECT COUNT(Id) FROM Contacts) FROM Account',
    31,
    'MALFORMED_QUERY',
    /not allowed in a subquery/,
  ],
  [
    'SELECT COUNT(Id), (SELECT Id FROM Contacts) FROM Account',
    35,
    'MALFORMED_QUERY',
    /^Grouped query cannot use child relationships/,
  ],
];

test('relationships that cannot be followed are refused at their position', () => {
  for (const refusal of wrongRelationships) isRefused(refusal);
});

const semi = '(SELECT AccountId FROM Contact)';
const wrongSemiJoins: readonly Refusal[] = [
  [
    `SELECT Id FROM Account WHERE Name = null OR Id IN ${semi}`,
    51,
    'MALFORMED_QUERY',
    /^Semi join sub-selects are not allowed with the 'OR' operator$/,
  ],
  [
    `SELECT Id FROM Account WHERE NOT Id IN ${semi}`,
    40,
    'MALFORMED_QUERY',
    /only allowed at the top level WHERE/,
  ],
  [
    `SELECT Id FROM Account WHERE Id IN ${semi} AND Id IN ${semi} AND Id IN ${semi}`,
    120,
    'MALFORMED_QUERY',
    /^Maximum 2 semi join/,
  ],
  [
    'SELECT Id FROM Account WHERE Id IN (SELECT ParentId FROM Account)',
    36,
    'MALFORMED_QUERY',
    /same object type$/,
  ],
  [
    'SELECT Id FROM Account WHERE Name IN (SELECT AccountId FROM Contact)',
    30,
    'MALFORMED_QUERY',
    /must be Id or reference fields: Name$/,
  ],
  [
    'SELECT Id FROM Account WHERE Id IN (SELECT Name FROM Contact)',
    44,
    'MALFORMED_QUERY',
    /must be Id or reference fields: Name$/,
  ],
  [
    'SELECT Id FROM Account WHERE Id IN (SELECT CampaignId FROM Contact)',
    36,
    'MALFORMED_QUERY',
    /must be Ids of the same sObject$/,
  ],
  [
    'SELECT Id FROM Account WHERE Id IN (SELECT Id, Name FROM Contact)',
    36,
    'MALFORMED_QUERY',
    /only query one field$/,
  ],
  [
    'SELECT Id FROM Account WHERE Id IN (SELECT AccountId FROM Contact LIMIT 1)',
    36,
    'MALFORMED_QUERY',
    /LIMIT and OFFSET are not allowed/,
  ],
  [
    `SELECT Id FROM Account GROUP BY Id HAVING Id IN ${semi}`,
    49,
    'MALFORMED_QUERY',
    /^Semi join sub-selects are only allowed in WHERE clauses$/,
  ],
  [
    `SELECT Id FROM User WHERE Id IN (SELECT OwnerId FROM Account WHERE Id IN ${semi})`,
    74,
    'MALFORMED_QUERY',
    /^Nesting of semi join/,
  ],
];

test('semi-joins that Salesforce does not allow are refused at their position', () => {
  for (const refusal of wrongSemiJoins) isRefused(refusal);
});

const wrongFields: readonly Refusal[] = [
  [
    'SELECT FIELDS(ALL) FROM Account',
    8,
    'MALFORMED_QUERY',
    /^The SOQL FIELDS function is not supported with an unbounded set of fields in this API$/,
  ],
  ['SELECT FIELDS(CUSTOM) FROM Account LIMIT 201', 8, 'MALFORMED_QUERY', /must have a LIMIT of at most 200$/],
  [
    "SELECT Id FROM Contact WHERE Name INCLUDES ('a')",
    30,
    'INVALID_FIELD',
    /^invalid operator on string field$/,
  ],
  ['SELECT Id FROM Contact WHERE Tags__c INCLUDES (1)', 30, 'INVALID_FIELD', /should be enclosed in quotes$/],
  ['SELECT Id FROM Contact WHERE Name > TODAY', 30, 'INVALID_FIELD', /must be of type string/],
  [
    'SELECT TYPEOF Account WHEN User THEN Id END FROM Contact',
    15,
    'MALFORMED_QUERY',
    /^TYPEOF needs a polymorphic relationship/,
  ],
  [
    'SELECT TYPEOF Owner WHEN Account THEN Id END FROM Contact',
    26,
    'MALFORMED_QUERY',
    /^TYPEOF Owner cannot be of type Account$/,
  ],
  [
    'SELECT TYPEOF Owner WHEN Group THEN Email END FROM Contact',
    37,
    'INVALID_FIELD',
    /^No such column 'Email' on entity 'Group'/,
  ],
];

test('FIELDS, TYPEOF and operators that do not fit what they are about are refused at their position', () => {
  for (const refusal of wrongFields) isRefused(refusal);
});

test('a field that is selected twice is refused, in whatever form it is named', () => {
  for (const again of [
    'Owner.Name, OWNER.name',
    'Owner.Name, Id, TYPEOF Owner WHEN User THEN Id END',
    'FIELDS(STANDARD), Id',
  ]) {
    assert.throws(
      () => compiled(`SELECT ${again} FROM Contact`),
      /^SoqlError: duplicate field selected: (Owner\.Name|Owner|Id)$/,
    );
  }
});

const numbers = (count: number) => Array.from({ length: count }, (_, number) => number);

test('a query follows at most 55 relationships to parents and has at most 20 subqueries', () => {
  const [contact, account] = [family.get('contact'), family.get('account')];
  assert(contact && account);
  const reference = contact.fields.find(({ name }) => name === 'AccountId');
  assert(reference);
  const parents = numbers(60).map((number) => ({
    ...reference,
    name: `P${number}Id`,
    relationshipName: `P${number}`,
  }));
  const wide = new Map(family).set('wide', {
    ...contact,
    name: 'Wide',
    fields: [...contact.fields, ...parents],
  });
  const paths = (count: number) => numbers(count).map((number) => `P${number}.Name`);
  assert(compiled(`SELECT ${paths(55).join(', ')} FROM Wide`, wide));
  assert(compiled(`SELECT ${paths(55).join(', ')} FROM Wide ORDER BY P0.Title`, wide));
  assert.throws(
    () => compiled(`SELECT ${paths(56).join(', ')} FROM Wide`, wide),
    /parents in a query is 55$/,
  );
  assert.throws(
    () => compiled(`SELECT P0.Id, P0.Name FROM Wide ORDER BY ${paths(56).join(', ')}`, wide),
    /parents in a query is 55$/,
  );

  const many = new Map(family);
  for (const number of numbers(30))
    many.set(`many${number}`, { ...contact, name: `Many${number}`, labelPlural: `Many${number}` });
  const children = (count: number) => numbers(count).map((number) => `(SELECT Id FROM Many${number})`);
  assert(compiled(`SELECT ${children(20).join(', ')} FROM Account`, many));
  assert.throws(
    () => compiled(`SELECT ${children(21).join(', ')} FROM Account`, many),
    /subqueries in a query is 20$/,
  );
});

test('children are read five levels deep, with the record itself as the first', () => {
  const account = family.get('account');
  const parent = account?.fields.find(({ name }) => name === 'ParentId');
  assert(account && parent);
  // An account whose children are accounts too, by a reference of its own.
  const self = {
    ...account,
    labelPlural: 'Selves',
    fields: [...account.fields, { ...parent, name: 'AccountId' }],
  };
  const sobjects = new Map(family).set('account', self);
  const levels = (count: number): string =>
    count === 1 ? 'SELECT Id FROM Selves' : `SELECT Id, (${levels(count - 1)}) FROM Selves`;
  assert(compiled(`SELECT (${levels(4)}) FROM Account`, sobjects));
  assert.throws(
    () => compiled(`SELECT (${levels(5)}) FROM Account`, sobjects),
    /aggregate relationships more than 4 levels away from the root entity object\.$/,
  );
});
