import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertProperty } from '@lockstep/harness/property';
import fc from 'fast-check';
import { postgresName } from './names.ts';

const none: ReadonlySet<string> = new Set();

test('a table or column has the API name in lower case', () => {
  assert.equal(postgresName('Account', none), 'account');
  assert.equal(postgresName('ns__My_Field__c', none), 'ns__my_field__c');
});

test('a name that is already taken gets a suffix, a hash of the API name', () => {
  const name = postgresName('Account', new Set(['account']));
  assert.match(name, /^account_[0-9a-f]{8}$/);
  assert.notEqual(name, postgresName('ACCOUNT', new Set(['account'])));
});

test('a name does not depend on what else the org has', () => {
  const long = `${'x'.repeat(70)}__c`;
  assert.equal(postgresName(long, none), postgresName(long, new Set(['something', 'else'])));
  assert.equal(
    postgresName('Account', new Set(['account'])),
    postgresName('Account', new Set(['account', 'b'])),
  );
});

test('a name of 63 bytes is kept, a longer one is cut and stays distinct', () => {
  assert.equal(postgresName('x'.repeat(63), none), 'x'.repeat(63));
  const one = postgresName(`${'x'.repeat(63)}1`, none);
  assert.equal(Buffer.byteLength(one), 63);
  assert.notEqual(one, postgresName(`${'x'.repeat(63)}2`, none));
});

test('a name of any letters fits PostgreSQL and contains no broken character', () => {
  assertProperty(
    fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 80 }), (apiName) => {
      const name = postgresName(apiName, none);
      assert.ok(Buffer.byteLength(name) <= 63);
      assert.ok(!name.includes('\uFFFD') || apiName.includes('\uFFFD'));
    }),
  );
});
