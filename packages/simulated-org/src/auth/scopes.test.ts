import assert from 'node:assert/strict';
import { test } from 'node:test';
import { givesRefreshToken, grantedScopes, opensRest, withoutRefreshToken } from './scopes.ts';

test('an app gets the scopes that it requests, each once, or else all of its own', () => {
  assert.deepEqual(grantedScopes(['api', 'id'], null), ['api', 'id']);
  assert.deepEqual(grantedScopes(['api', 'id'], ' \t'), ['api', 'id']);
  assert.deepEqual(grantedScopes(['api', 'id'], 'id  id\tapi'), ['id', 'api']);
});

test('a scope that the app does not have is refused', () => {
  for (const asked of ['web', 'api web', 'API', 'full', 'refresh_token', '\0'])
    assert.throws(() => grantedScopes(['api'], asked), { name: 'OAuthError', code: 'invalid_scope' });
});

test('full stands for every scope but a refresh token', () => {
  assert.deepEqual(grantedScopes(['full'], 'api openid'), ['api', 'openid']);
  assert.throws(() => grantedScopes(['full'], 'refresh_token'));
  assert.throws(() => grantedScopes(['full'], '<b>'));
});

test('offline_access is another name for refresh_token', () => {
  assert.deepEqual(grantedScopes(['api', 'refresh_token'], 'api offline_access'), ['api', 'offline_access']);
  assert.ok(givesRefreshToken(['offline_access']));
  assert.deepEqual(withoutRefreshToken(['api', 'refresh_token', 'offline_access']), ['api']);
});

test('api and full give access to the REST API', () => {
  assert.ok(opensRest(['id', 'api']));
  assert.ok(opensRest(['full']));
  assert.ok(!opensRest(['id', 'openid', 'web']));
});
