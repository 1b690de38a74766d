import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compile } from '@lockstep/foundation/sql';
import { compileSoql } from './compile.ts';
import { SoqlError } from './errors.ts';
import { parseSoql } from './parse.ts';
import { sample } from './sample-sobject.ts';

const context = {
  sobjects: new Map([['sample__c', sample]]),
  includeDeleted: false,
  version: '62.0',
  now: 0,
};
const compiled = (text: string) => compileSoql(parseSoql(text), context);
const where = (condition: string) =>
  compile(compiled(`SELECT COUNT() FROM Sample__c WHERE ${condition}`).count);

function refusal(text: string): { code: string; message: string } {
  try {
    compiled(text);
  } catch (error) {
    assert(error instanceof SoqlError, String(error));
    return { code: error.code, message: error.message };
  }
  throw new assert.AssertionError({ message: `was accepted: ${text}` });
}

test('an unknown sobject is refused with the recorded text', () => {
  assert.deepEqual(refusal('select count() from XYZZY'), {
    code: 'INVALID_TYPE',
    message:
      "\nselect count() from XYZZY\n                    ^\nERROR at Row:1:Column:21\nsObject type 'XYZZY' is not supported. If you are attempting to use a custom object, be sure to append the '__c' after the entity name. Please reference your WSDL or the describe call for the appropriate names.",
  });
});

test('an unknown field is refused at its position', () => {
  assert.deepEqual(refusal('SELECT Id, Foo FROM Sample__c'), {
    code: 'INVALID_FIELD',
    message:
      "\nSELECT Id, Foo FROM Sample__c\n           ^\nERROR at Row:1:Column:12\nNo such column 'Foo' on entity 'Sample__c'. If you are attempting to use a custom field, be sure to append the '__c' after the custom field name. Please reference your WSDL or the describe call for the appropriate names.",
  });
  for (const text of [
    'SELECT Id FROM Sample__c WHERE Foo = 1',
    'SELECT Id FROM Sample__c WHERE Foo IN (1)',
    'SELECT Id FROM Sample__c ORDER BY Foo',
    'SELECT Nowhere.Name FROM Sample__c',
    'SELECT s.Foo FROM Sample__c s',
    'SELECT __proto__ FROM Sample__c',
    'SELECT constructor FROM Sample__c',
  ]) {
    assert.equal(refusal(text).code, 'INVALID_FIELD');
  }
});

test('a field may only be selected once, whatever its case and prefix', () => {
  for (const second of ['ID', 'Sample__c.Id', 's.id']) {
    assert.deepEqual(refusal(`SELECT Id, ${second} FROM Sample__c s`), {
      code: 'MALFORMED_QUERY',
      message: 'duplicate field selected: Id',
    });
  }
});

test("a constant of the wrong type is refused, naming the field's type", () => {
  for (const [condition, reason] of [
    ["Ratio__c = '1'", "'Ratio__c' must be of type double and should not be enclosed in quotes"],
    ["Amount__c IN (1, '2')", "'Amount__c' must be of type double and should not be enclosed in quotes"],
    ["Count__c = '1'", "'Count__c' must be of type int and should not be enclosed in quotes"],
    ['Name = 1', "'Name' must be of type string and should be enclosed in quotes"],
    ['Name LIKE 1', "'Name' must be of type string and should be enclosed in quotes"],
    ['Id = 1', "'Id' must be of type ID and should be enclosed in quotes"],
    ['Active__c = 1', "'Active__c' must be of type boolean and should not be enclosed in quotes"],
    ['Due__c = 2024-01-01T00:00:00Z', "'Due__c' must be of type date and should not be enclosed in quotes"],
    ['Seen__c > 2024-01-01', "'Seen__c' must be of type dateTime and should not be enclosed in quotes"],
    ["Opens__c > '10:00'", "'Opens__c' must be of type time and should not be enclosed in quotes"],
  ] as const) {
    const { code, message } = refusal(`SELECT Id FROM Sample__c WHERE ${condition}`);
    assert.equal(code, 'INVALID_FIELD');
    assert.match(message, /\n {31}\^\nERROR at Row:1:Column:32\n/);
    assert.equal(message.split('\n').at(-1), `value of filter criterion for field ${reason}`);
  }
});

test('operators that a field does not support are refused', () => {
  for (const [rest, code, reason] of [
    ["WHERE Id LIKE 'a%'", 'INVALID_FIELD', 'invalid operator on id field'],
    ['WHERE Active__c > true', 'INVALID_FIELD', 'invalid operator on boolean field'],
    ["WHERE OwnerId = 'abc'", 'INVALID_QUERY_FILTER_OPERATOR', 'invalid ID field: abc'],
    ["WHERE Notes__c = 'x'", 'INVALID_FIELD', "field 'Notes__c' can not be filtered in a query call"],
    ['WHERE Site__c = null', 'INVALID_FIELD', "field 'Site__c' can not be filtered in a query call"],
    ['WHERE Body IN (null)', 'INVALID_FIELD', "field 'Body' can not be filtered in a query call"],
    ['ORDER BY Notes__c', 'INVALID_FIELD', "field 'Notes__c' can not be sorted in a query call"],
    ['ORDER BY Tags__c', 'INVALID_FIELD', "field 'Tags__c' can not be sorted in a query call"],
  ] as const) {
    const error = refusal(`SELECT Id FROM Sample__c ${rest}`);
    assert.equal(error.code, code);
    assert.equal(error.message.split('\n').at(-1), reason);
  }
  assert.match(
    refusal('SELECT COUNT() FROM Sample__c ORDER BY Name').message,
    /must be grouped or aggregated: Name$/,
  );
});

test("a query's constants are parameters and never text of the statement", () => {
  const injection = `x\\'; DROP TABLE org."Sample__c" --`;
  const { text, values } = where(
    `Name = '${injection}' OR Name LIKE '${injection}' OR Kind__c IN ('${injection}')`,
  );
  assert.doesNotMatch(text, /drop/i);
  const stored = injection.replace('\\', '').toLowerCase();
  assert.deepEqual(values, [stored, stored, [stored]]);
});

test('the next page in the order of stamp and Id is one row comparison, however its terms are ordered', () => {
  const same = "SystemModstamp = 2024-01-01T00:00:00Z AND Id > 'a00000000000001'";
  const later = 'SystemModstamp > 2024-01-01T00:00:00.000+00:00';
  for (const condition of [`(${same}) OR ${later}`, `${later} OR (${same})`]) {
    const { text, values } = where(condition);
    assert.match(text, /\(\("r"."SystemModstamp", "r"."Id"\) > \(\$1::timestamptz, \$2::text\)\)/);
    assert.deepEqual(values, ['2024-01-01T00:00:00.000Z', 'a00000000000001AAA']);
  }
});

test('a filter that only resembles the next page stays as it is written', () => {
  for (const condition of [
    "(SystemModstamp = 2024-01-01T00:00:00Z AND Id > 'a00000000000001') OR SystemModstamp > 2024-01-02T00:00:00Z",
    "(SystemModstamp = 2024-01-01T00:00:00Z AND Id > 'a00000000000001') OR Seen__c > 2024-01-01T00:00:00Z",
    "(SystemModstamp = 2024-01-01T00:00:00Z AND Id = 'a00000000000001') OR SystemModstamp > 2024-01-01T00:00:00Z",
    "(SystemModstamp = 2024-01-01T00:00:00Z AND Name > 'a') OR SystemModstamp > 2024-01-01T00:00:00Z",
    "(SystemModstamp = 2024-01-01T00:00:00Z OR Id > 'a00000000000001') OR SystemModstamp > 2024-01-01T00:00:00Z",
  ]) {
    assert.doesNotMatch(where(condition).text, /"SystemModstamp", "r"."Id"/);
  }
});

test('an Id of 15 characters is looked up by its 18-character form', () => {
  // The Id of an account in a recorded answer.
  assert.deepEqual(where("OwnerId = '0011D00000o9pgJ'").values, ['0011D00000o9pgJQAQ']);
  assert.deepEqual(where("OwnerId = '0011D00000o9pgJQAQ'").values, ['0011D00000o9pgJQAQ']);
});

test('a filter of ten thousand terms compiles in linear time', () => {
  const terms = Array.from({ length: 8000 }, () => 'Count__c=1').join(' OR ');
  assert.throws(() => parseSoql(`SELECT Id FROM Sample__c WHERE ${terms}`), /longer than/);
  const shorter = Array.from({ length: 6500 }, () => 'Count__c=1').join(' OR ');
  assert.equal(where(shorter).values.length, 6500);
});
