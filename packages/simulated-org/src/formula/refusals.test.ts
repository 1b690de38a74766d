import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '@lockstep/foundation/clock';
import { reference } from '../objects/fields.ts';
import { user } from '../objects/user.ts';
import type { FieldDef, SObjectDef } from '../schema/schema.ts';
import { mapOf } from '../schema/schema-storage.ts';
import { FormulaError } from './errors.ts';
import { customer, deal, dealsWith, formulaField, region } from './sample-deal.ts';

const clock = new ManualClock();

function refusal(defs: readonly SObjectDef[]): { message: string; at: number } {
  try {
    mapOf(defs, clock);
  } catch (error) {
    assert.ok(error instanceof FormulaError);
    return { message: error.message, at: error.at };
  }
  return assert.fail('the definition was taken');
}

const message = (formula: string, type: FieldDef['type'] = 'double') =>
  refusal(dealsWith(formulaField('F__c', type, formula))).message;

test('unknown names and functions are refused when the definition is created', () => {
  assert.equal(message('Foo'), 'Error: Field Foo does not exist. Check spelling.');
  assert.equal(message('Foo__r.Name'), 'Error: Field Foo__r.Name does not exist. Check spelling.');
  assert.equal(message('Customer__r.Foo'), 'Error: Field Customer__r.Foo does not exist. Check spelling.');
  assert.equal(message('Owner.Name', 'string'), 'Error: Field Owner.Name does not exist. Check spelling.');
  assert.equal(
    message('$Profile.Name', 'string'),
    'Error: Field $Profile.Name does not exist. Check spelling.',
  );
  assert.equal(message('FOO(1)'), 'Error: Unknown function FOO. Check spelling.');
  assert.equal(message('constructor(1)'), 'Error: Unknown function CONSTRUCTOR. Check spelling.');
});

test('an error is located by its offset', () => {
  const { message: text, at } = refusal(dealsWith(formulaField('F__c', 'double', 'Amount__c +\n  Foo')));
  assert.deepEqual([text, at], ['Error: Field Foo does not exist. Check spelling.', 14]);
});

test("syntax errors have the formula editor's texts", () => {
  assert.equal(message('ABS(1'), "Error: Syntax error. Missing ')'");
  assert.equal(message('(1 + 2'), "Error: Syntax error. Missing ')'");
  assert.equal(message('1 + 2)'), "Error: Syntax error. Extra ')'");
  assert.equal(message('MAX(1,,2)'), "Error: Syntax error. Extra ','");
  assert.equal(message('1 Amount__c'), "Error: Syntax error. Found 'Amount__c'");
  assert.equal(message('1 + #'), "Error: Syntax error. Found '#'");
  assert.equal(message('1 +'), 'Error: Syntax error.');
  assert.equal(message(''), 'Error: Syntax error.');
  assert.equal(message('"open', 'string'), `Error: Syntax error. Found '"'`);
});

test('operands of the wrong type are refused, naming the types', () => {
  assert.equal(
    message('Amount__c + "x"'),
    "Error: Incorrect parameter type for operator '+'. Expected Text, received Number",
  );
  assert.equal(
    message('Amount__c * Is_Open__c'),
    "Error: Incorrect parameter type for operator '*'. Expected Number, received Boolean",
  );
  assert.equal(
    message('IF(Amount__c, 1, 2)'),
    "Error: Incorrect parameter type for function 'IF()'. Expected Boolean, received Number",
  );
  assert.equal(
    message('IF(Is_Open__c, 1, "x")'),
    "Error: Incorrect parameter type for function 'IF()'. Expected Number, received Text",
  );
  assert.equal(
    message('LEN(1)'),
    "Error: Incorrect parameter type for function 'LEN()'. Expected Text, received Number",
  );
  assert.equal(
    message('Name < "x"', 'boolean'),
    "Error: Incorrect parameter type for operator '<'. Expected Number, Date, DateTime, received Text",
  );
  assert.equal(
    message('Due__c + Due__c', 'date'),
    "Error: Incorrect parameter type for operator '+'. Expected Number, received Date",
  );
  assert.equal(
    message('Name', 'double'),
    'Error: Formula result is data type (Text), incompatible with expected data type (Number).',
  );
});

test('a wrong number of arguments is refused, naming the numbers', () => {
  assert.equal(
    message('IF(Is_Open__c, 1)'),
    "Error: Incorrect number of parameters for function 'IF()'. Expected 3, received 2",
  );
  assert.equal(
    message('CASE(Stage__c, "Won", 1)'),
    "Error: Incorrect number of parameters for function 'CASE()'. Expected 4, received 3",
  );
  assert.equal(
    message('TODAY(1)', 'date'),
    "Error: Incorrect number of parameters for function 'TODAY()'. Expected 0, received 1",
  );
});

test('a formula that takes a picklist or a long text for a value is refused', () => {
  assert.equal(
    message('Stage__c & "x"', 'string'),
    'Error: Field Stage__c is a picklist field. Picklist fields are only supported in certain functions.',
  );
  assert.equal(
    message('Tags__c = "Red"', 'boolean'),
    'Error: Field Tags__c is a multi-select picklist field. Multi-select picklist fields are only supported in certain functions.',
  );
  assert.equal(
    message('LEN(Note__c)'),
    'Error: You referenced an unsupported field type called "Long Text Area" using the following field: Note__c',
  );
});

test('functions that examine a write are only allowed in rules', () => {
  for (const call of ['ISNEW()', 'ISCHANGED(Name)', 'REGEX(Name, "a")'])
    assert.match(message(call, 'boolean'), /^Error: Function \w+ may not be used in this type of formula$/);
});

test('formulas that name each other in a circle are refused, through parents too', () => {
  const own = dealsWith(formulaField('A__c', 'double', 'B__c + 1'), formulaField('B__c', 'double', 'A__c'));
  assert.match(refusal(own).message, /^Error: The formula of Deal__c\.A__c refers to itself\.$/);
  const parents = [
    user,
    region(),
    customer(
      reference('Up__c', 'Up', ['Customer__c']),
      formulaField('Height__c', 'double', 'Up__r.Height__c + 1'),
    ),
    deal(),
  ];
  assert.match(refusal(parents).message, /refers to itself/);
});

test('oversized formulas are refused: too deep, too long, too big together', () => {
  assert.equal(message(`${'('.repeat(500)}1${')'.repeat(500)}`), 'Error: Formula is nested too deeply.');
  assert.equal(message(`${'-'.repeat(3000)}1`), 'Error: Formula is nested too deeply.');
  assert.match(message(`1${'+1'.repeat(2000)}`), /^Error: Formula is too long \(4001 characters\)/);
  const doubling = Array.from({ length: 12 }, (_, i) =>
    formulaField(`F${i}__c`, 'double', i === 0 ? 'Amount__c' : `F${i - 1}__c + F${i - 1}__c`),
  );
  assert.match(refusal(dealsWith(...doubling)).message, /^Error: Compiled formula is too big to execute/);
  assert.match(
    message(`${'Customer__r.'.repeat(6)}Name`, 'string'),
    /may not follow more than 5 relationships/,
  );
});
