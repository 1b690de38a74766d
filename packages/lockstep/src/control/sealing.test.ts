import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { newDataKey, unwrapDataKey } from './keys.ts';
import { keyFromBytes, newKeyBytes, seal, sealedWith, unseal } from './sealing.ts';

const place = { table: 'credential', column: 'sealed_client_secret', rowId: 'one' };
const secret = Buffer.from('secret ✓');

test('sealed text opens with its key in its place, and sealing never gives the same text twice', () => {
  const key = keyFromBytes(newKeyBytes());
  const sealed = seal(key, place, secret);
  assert.deepEqual(unseal(key, place, sealed), secret);
  assert.equal(sealedWith(sealed), key.id);
  assert.notEqual(seal(key, place, secret), sealed);
  assert.match(sealed, /^v1\.[0-9a-f]{16}\.[\w-]{16}\.[\w-]+\.[\w-]{22}$/);
});

test('sealed text that was moved to another table, column or row does not open', () => {
  const key = keyFromBytes(newKeyBytes());
  const sealed = seal(key, place, secret);
  for (const elsewhere of [{ table: 'destination' }, { column: 'sealed_client_id' }, { rowId: 'two' }]) {
    assert.throws(() => unseal(key, { ...place, ...elsewhere }, sealed), { code: 'KEY-03' });
  }
});

test('sealed text that was altered anywhere does not open', () => {
  const key = keyFromBytes(newKeyBytes());
  const parts = seal(key, place, secret).split('.');
  for (const index of parts.keys()) {
    const altered = parts.with(
      index,
      (parts[index] ?? '').replace(/^./, (first) => (first === 'A' ? 'B' : 'A')),
    );
    assert.throws(() => unseal(key, place, altered.join('.')), { code: 'KEY-03' });
  }
  const shortTag = parts.with(4, (parts[4] ?? '').slice(0, 6));
  for (const text of [shortTag.join('.'), [...parts, ''].join('.'), parts.slice(0, 4).join('.'), 'v1', '']) {
    assert.throws(() => unseal(key, place, text), { code: 'KEY-03' });
  }
});

test('a data key opens with the key that wrapped it; with another key the fault names the right one', () => {
  const key = keyFromBytes(newKeyBytes());
  const { dataKey, wrapped } = newDataKey(key, 'one');
  assert.equal(unwrapDataKey(key, 'one', wrapped).id, dataKey.id);
  assert.throws(() => unwrapDataKey(keyFromBytes(newKeyBytes()), 'one', wrapped), {
    code: 'KEY-02',
    safe: { reason: key.id },
  });
  assert.throws(() => unwrapDataKey(key, 'two', wrapped), { code: 'KEY-03' });
});

test('a key that is printed or written as JSON does not show its bytes', () => {
  const bytes = newKeyBytes();
  const key = keyFromBytes(bytes);
  const shown = inspect(key, { depth: 9, showHidden: true }) + JSON.stringify(key);
  assert.ok(!shown.includes(bytes.toString('base64')) && !shown.includes(bytes.toString('hex')));
});
