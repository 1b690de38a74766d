import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endOfVersion, newestCommon } from './api-version.ts';

test('the newest common version is the greatest number that both know, whatever the order', () => {
  assert.equal(newestCommon(['31.0', '67.0', '62.0']), '67.0');
  assert.equal(newestCommon(['100.0', '68.0']), '68.0');
  assert.equal(newestCommon(['31.0', '37.0']), null);
  assert.equal(newestCommon([]), null);
});

test('the end of a version is told a year before Salesforce retires it, and not earlier', () => {
  assert.equal(endOfVersion('38.0', Date.parse('2027-05-30T00:00:00Z')), null);
  assert.equal(endOfVersion('38.0', Date.parse('2027-06-02T00:00:00Z')), "Summer '28");
  assert.equal(endOfVersion('62.0', Date.parse('2028-06-02T00:00:00Z')), null);
});
