import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toServed, toStored } from './stored-text.ts';

test('text that PostgreSQL cannot store is returned as it was written', () => {
  for (const text of ['a\0b', '\ud800', 'x\udfff\ud800y', '\ue000', '\ue0000041', '🙂 \u{10ffff}', 'plain']) {
    const stored = toStored(text);
    assert.ok(!stored.includes('\0') && stored.isWellFormed());
    assert.equal(JSON.parse(toServed(JSON.stringify(stored))), text);
  }
});
