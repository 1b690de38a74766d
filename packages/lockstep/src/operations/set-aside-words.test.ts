import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setAsideReason, setAsideRemedy } from './set-aside-words.ts';

test('what Lockstep itself finds, and the usual refusals of a table, have a reason without a code', () => {
  for (const code of ['misfit', 'lone surrogate', 'unsettled', '23505', '23514', '54000', '54001']) {
    const reason = setAsideReason(code);
    assert.ok(!reason.includes('SQLSTATE') && !reason.includes(`(${code})`), reason);
  }
});

test('any other refusal tells its kind and its code', () => {
  assert.equal(
    setAsideReason('22P05'),
    'the value has a form that PostgreSQL does not accept (SQLSTATE 22P05)',
  );
  assert.equal(setAsideReason('99999'), 'PostgreSQL refuses it (SQLSTATE 99999)');
  assert.equal(setAsideReason('something new'), 'it cannot be stored (something new)');
});

test('a remedy is for whoever can apply it', () => {
  assert.match(setAsideRemedy('misfit'), /in Salesforce/);
  assert.match(setAsideRemedy('23505'), /added to the table/);
  assert.match(setAsideRemedy('54000'), /--leave-out/);
});
