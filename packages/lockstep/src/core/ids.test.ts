import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertProperty } from '@lockstep/harness/property';
import fc from 'fast-check';
import { isSyncId, newSyncId, toLongId } from './ids.ts';

test('an Id of 15 characters gets the checksum that Salesforce gives it', () => {
  assert.equal(toLongId('001D000000IRFma'), '001D000000IRFmaIAH');
  assert.equal(toLongId('00D000000000062'), '00D000000000062EAA');
  assert.equal(toLongId('000000000000000'), '000000000000000AAA');
  assert.equal(toLongId('AAAAAAAAAAAAAAA'), 'AAAAAAAAAAAAAAA555');
});

test('an Id of 18 characters stays as it is, and wrong letter case in its checksum is corrected', () => {
  assert.equal(toLongId('001D000000IRFmaIAH'), '001D000000IRFmaIAH');
  assert.equal(toLongId('001D000000IRFmaiah'), '001D000000IRFmaIAH');
});

test('text without exactly 15 or 18 letters and digits is no Id', () => {
  for (const text of [
    '',
    '001',
    '001D000000IRFm',
    '001D000000IRFmaI',
    '001D000000IRFmaIAH0',
    '001D000000IRF-a',
  ]) {
    assert.equal(toLongId(text), undefined);
  }
  assert.equal(toLongId('001D000000IRFma\n'), undefined);
});

test('short Ids that differ only in letter case give long Ids that differ even when case is ignored', () => {
  const short = fc.string({
    unit: fc.constantFrom('a', 'A', 'b', 'B', 'z', 'Z', '0', '1', '9'),
    minLength: 15,
    maxLength: 15,
  });
  assertProperty(
    fc.property(short, short, (one, other) => {
      if (one === other) return;
      assert.notEqual(toLongId(one)?.toLowerCase(), toLongId(other)?.toLowerCase());
    }),
  );
});

test('a new sync id fits a host label and a role name, and is never repeated', () => {
  const ids = Array.from({ length: 200 }, newSyncId);
  assert.equal(new Set(ids).size, ids.length);
  for (const id of ids) assert.match(id, /^s[a-z2-7]{26}$/);
  assert.ok(ids.every(isSyncId));
});

test('text that is no sync id is rejected', () => {
  const id = newSyncId();
  for (const text of ['', id.slice(1), `${id}a`, id.toUpperCase(), `${id}\n`, id.replace(/.$/, '1')]) {
    assert.equal(isSyncId(text), false);
  }
});
