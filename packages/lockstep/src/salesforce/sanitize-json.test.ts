import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertProperty } from '@lockstep/harness/property';
import * as fc from 'fast-check';
import { sanitizeJson } from './sanitize-json.ts';

const id = '001000000000001AAA';
const record = (literal: string) => `{"Id":"${id}","Name":"${literal}"}`;

test('an escaped NUL is removed and counted', () => {
  assert.deepEqual(sanitizeJson(`[${record(String.raw`a\u0000b\u0000`)}]`), {
    records: `[${record('ab')}]`,
    unstorable: [],
    nulsRemoved: 2,
  });
});

test('text that only looks like an escape stays', () => {
  for (const literal of [
    String.raw`\\u0000`,
    String.raw`\\\\u0000`,
    String.raw`\\ud800`,
    String.raw`\\\\udc00 \"`,
  ]) {
    const records = `[${record(literal)}]`;
    assert.deepEqual(sanitizeJson(records), { records, unstorable: [], nulsRemoved: 0 });
  }
});

test('an escape after an escaped backslash is an escape', () => {
  assert.deepEqual(sanitizeJson(`[${record(String.raw`\\\u0000`)}]`), {
    records: `[${record(String.raw`\\`)}]`,
    unstorable: [],
    nulsRemoved: 1,
  });
  assert.equal(sanitizeJson(`[${record(String.raw`\\\ud800`)}]`).unstorable.length, 1);
});

test('a record with half of a surrogate pair is set aside with its Id, the others stay', () => {
  const halves = [
    '\\ud83d',
    '\\ude00',
    '\\ude00\\ud83d',
    '\\ud83d\\ud83d\\ude00',
    '\\uD83D x \\uDE00',
    '\\ud83d\\n\\ude00',
  ];
  for (const half of [...halves, '\\ud83d\\u0000\\ude00']) {
    const bad = record(half);
    const pair = record('\\ud83d\\ude00');
    assert.deepEqual(sanitizeJson(`[${pair}, ${bad} ,${record('a\\u0000')}]`), {
      records: `[${pair},${record('a')}]`,
      unstorable: [{ id, text: bad }],
      nulsRemoved: 1,
    });
    assert.deepEqual(sanitizeJson(`[${bad}]`).records, '[]');
  }
});

test('halves in two different values do not make a pair', () => {
  const bad = `{"Id":"${id}","A":"\\ud83d","B":"\\ude00"}`;
  assert.deepEqual(sanitizeJson(`[${bad}]`), {
    records: '[]',
    unstorable: [{ id, text: bad }],
    nulsRemoved: 0,
  });
});

test('the kept records are unchanged but for NUL, and those set aside are not well formed', () => {
  const piece = fc.constantFrom(
    '\u0000',
    '\ud800',
    '\udc00',
    '\ud83d\ude00',
    '\\',
    '\\u0000',
    '\\ud800',
    '"',
    'u0000',
    'é',
  );
  const texts = fc.array(fc.array(piece, { maxLength: 6 }), { maxLength: 6 });
  assertProperty(
    fc.property(texts, (names) => {
      const rows = names.map((pieces) => ({ Id: id, Name: pieces.join('') }));
      // JSON.stringify escapes NUL and lone halves itself.
      const result = sanitizeJson(JSON.stringify(rows));
      const good = rows.filter(({ Name }) => Name.isWellFormed());
      const kept = good.map(({ Id, Name }) => ({ Id, Name: Name.replaceAll('\u0000', '') }));
      assert.deepEqual(JSON.parse(result.records), kept);
      assert.equal(result.unstorable.length, rows.length - good.length);
      assert.equal(
        result.nulsRemoved,
        good.map(({ Name }) => Name.split('\u0000').length - 1).reduce((a, b) => a + b, 0),
      );
    }),
    { numRuns: 1_000 },
  );
});

test('a record that must be set aside but has no Id fails the page', () => {
  assert.throws(() => sanitizeJson('[{"Name":"\\ud800"}]'), { code: 'DATA-03' });
});
