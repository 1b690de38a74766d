import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseExact } from '@lockstep/foundation/exact-json';
import { OrgError } from '../http/errors.ts';
import { sobjects } from '../objects/index.ts';
import type { SObjectDef } from '../schema/schema.ts';
import { columnValues } from './field-values.ts';

const named = (name: string): SObjectDef => sobjects.find((def) => def.name === name) as SObjectDef;

/** What an update of these fields stores. */
function stored(sobject: string, json: string): Record<string, unknown> {
  const values = columnValues(named(sobject), parseExact(json), 'update');
  return Object.fromEntries([...values].map(([field, value]) => [field.name, value]));
}

function refusal(sobject: string, json: string, intent: 'create' | 'update' = 'update'): OrgError['entry'] {
  try {
    columnValues(named(sobject), parseExact(json), intent);
  } catch (error) {
    assert.ok(error instanceof OrgError);
    return error.entry;
  }
  throw new Error('nothing was refused');
}

test('an e-mail address is stored in lower case', () => {
  assert.deepEqual(stored('Contact', '{"Email":"GOB.Bluth@Example.com"}'), {
    Email: 'gob.bluth@example.com',
  });
});

test('values of every type are converted to what their column takes', () => {
  assert.deepEqual(
    stored(
      'Invoice__c',
      `{"Paid_Amount__c":9007199254740993.10,"Installments__c":"12","Ledger_Number__c":9223372036854775807,
        "Is_Disputed__c":true,"Issued_On__c":"1700-02-28","Due_At__c":"4000-12-31T23:59:59.999+01:00",
        "Cutoff_Time__c":"14:30:00.000Z","Settings__c":{"a":[1.50,"x"]},"Scan__c":"aGk=","Tags__c":"Urgent;Paper"}`,
    ),
    {
      Paid_Amount__c: '9007199254740993.10',
      Installments__c: '12',
      Ledger_Number__c: '9223372036854775807',
      Is_Disputed__c: true,
      Issued_On__c: '1700-02-28',
      Due_At__c: '4000-12-31T23:59:59+01:00',
      Cutoff_Time__c: '14:30:00.000Z',
      Settings__c: '{"a":[1.50,"x"]}',
      Scan__c: 'aGk=',
      Tags__c: 'Urgent;Paper',
    },
  );
});

test('field names are accepted in any case, and an empty text is null', () => {
  assert.deepEqual(stored('Account', '{"attributes":{"type":"Account"},"phone":"","SITE":"x"}'), {
    Phone: null,
    Site: 'x',
  });
});

test('a missing or emptied required field is named', () => {
  assert.deepEqual(refusal('Contact', '{"FirstName":"A"}', 'create'), {
    message: 'Required fields are missing: [LastName]',
    errorCode: 'REQUIRED_FIELD_MISSING',
    fields: ['LastName'],
  });
  assert.equal(refusal('Account', '{"Name":null}').errorCode, 'REQUIRED_FIELD_MISSING');
  assert.equal(refusal('Account', '{"Name":""}').errorCode, 'REQUIRED_FIELD_MISSING');
});

test('a value that a field cannot hold is refused with a specific code', () => {
  const cases: [sobject: string, json: string, code: string][] = [
    ['Account', '{"Nme":"x"}', 'INVALID_FIELD'],
    ['Account', '{"CreatedDate":"2020-01-01T00:00:00Z"}', 'INVALID_FIELD_FOR_INSERT_UPDATE'],
    ['Account', '{"BillingAddress":{"city":"x"}}', 'INVALID_FIELD_FOR_INSERT_UPDATE'],
    ['Account', `{"Site":"${'x'.repeat(81)}"}`, 'STRING_TOO_LONG'],
    ['Account', '{"Site":5}', 'JSON_PARSER_ERROR'],
    ['Account', '{"Site":["x"]}', 'JSON_PARSER_ERROR'],
    ['Account', '{"OwnerId":"INVALID"}', 'MALFORMED_ID'],
    ['Account', '{"NumberOfEmployees":2147483648}', 'NUMBER_OUTSIDE_VALID_RANGE'],
    ['Account', '{"NumberOfEmployees":100000000}', 'NUMBER_OUTSIDE_VALID_RANGE'],
    ['Account', '{"NumberOfEmployees":1.5}', 'JSON_PARSER_ERROR'],
    ['Account', '{"AnnualRevenue":1e18}', 'NUMBER_OUTSIDE_VALID_RANGE'],
    ['Account', '{"AnnualRevenue":1e99999}', 'NUMBER_OUTSIDE_VALID_RANGE'],
    ['Account', '{"AnnualRevenue":"abc"}', 'JSON_PARSER_ERROR'],
    ['Contact', '{"Email":"nobody"}', 'INVALID_EMAIL_ADDRESS'],
    ['Contact', '{"Birthdate":"2023-02-29"}', 'JSON_PARSER_ERROR'],
    ['Contact', '{"Birthdate":"4001-01-01"}', 'JSON_PARSER_ERROR'],
    ['Invoice__c', '{"Due_At__c":"2020-01-01 10:00"}', 'JSON_PARSER_ERROR'],
    ['Invoice__c', '{"Cutoff_Time__c":"25:00:00"}', 'JSON_PARSER_ERROR'],
    ['Invoice__c', '{"Scan__c":"no base64!"}', 'JSON_PARSER_ERROR'],
    ['Invoice__c', '{"Is_Disputed__c":null}', 'INVALID_TYPE_ON_FIELD_IN_RECORD'],
    ['Invoice__c', '{"Is_Disputed__c":"yes"}', 'JSON_PARSER_ERROR'],
    ['Invoice__c', '[]', 'JSON_PARSER_ERROR'],
  ];
  for (const [sobject, json, code] of cases) assert.equal(refusal(sobject, json).errorCode, code, json);
});

test('a number out of range is refused, naming its value', () => {
  assert.deepEqual(refusal('Account', '{"NumberOfEmployees":123456789}'), {
    message: 'Employees: value outside of valid range on numeric field: 123456789',
    errorCode: 'NUMBER_OUTSIDE_VALID_RANGE',
    fields: ['NumberOfEmployees'],
  });
});

test('a character outside the Basic Multilingual Plane counts as two', () => {
  assert.deepEqual(stored('Account', JSON.stringify({ Site: '\u{1f600}'.repeat(40) })), {
    Site: '\u{1f600}'.repeat(40),
  });
  assert.equal(
    refusal('Account', JSON.stringify({ Site: '\u{1f600}'.repeat(41) })).errorCode,
    'STRING_TOO_LONG',
  );
});
