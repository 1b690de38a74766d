import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseExact, printExact } from './exact-json.ts';

const same = (text: string) => text;

test('numbers keep every digit through reading and printing', () => {
  for (const text of [
    '9007199254740993.10',
    '[1e400,-0,0.1000]',
    '{"a":{"b":123456789012345678901234567890}}',
  ]) {
    assert.equal(printExact(parseExact(text), same), text);
  }
});

test('strings, null and booleans are printed as JSON again', () => {
  const text = '{"a":"\\"\\n","b":null,"c":[true,false],"":{}}';
  assert.equal(printExact(parseExact(text), same), text);
});
