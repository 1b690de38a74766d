import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isWithinBounds } from './json-bounds.ts';

const isParsed = (text: string) => isWithinBounds(Buffer.from(text));
const list = (items: readonly unknown[]) => JSON.stringify(items);

test('what Salesforce accepts is parsed', () => {
  const record = Object.fromEntries(Array.from({ length: 800 }, (_, field) => [`Field_${field}__c`, 'x']));
  assert.equal(isParsed(list(Array.from({ length: 200 }, () => record))), true);
  assert.equal(isParsed('[]'), true);
  assert.equal(isParsed(''), true);
});

test('more values or deeper nesting than any request needs is not parsed, however short the text is', () => {
  assert.equal(isParsed(`[${'0,'.repeat(200_001)}0]`), false);
  assert.equal(isParsed('['.repeat(65)), false);
  assert.equal(isParsed('{"a":'.repeat(65)), false);
  assert.equal(isParsed(list(Array.from({ length: 70_000 }, () => ({ a: 1, b: 2 })))), false);
});

test('brackets and commas within strings are no values', () => {
  assert.equal(isParsed(list([',['.repeat(150_000)])), true);
  assert.equal(isParsed(list([`\\"${'{,'.repeat(150_000)}`, '\\'])), true);
  assert.equal(isParsed(`"${',['.repeat(150_000)}`), true, 'a string without an end');
});
