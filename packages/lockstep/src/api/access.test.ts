import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAddressList } from '@lockstep/foundation/address-list';
import { type AccessRules, checkAccess } from './access.ts';

const trustedProxies = parseAddressList(['10.0.0.7']);
assert.ok(trustedProxies);
const rules: AccessRules = {
  trustedProxies,
  hosts: () => ['lockstep.example.com'],
  localKey: 'key',
  keyOf: () => Promise.resolve(null),
  sessionOf: () => Promise.resolve(null),
  signedOut: () => Promise.resolve('API-02'),
};
const from = (address: string, isEncrypted = false) =>
  checkAccess(
    {
      peer: { address, isEncrypted },
      method: 'GET',
      headers: { host: 'lockstep.example.com', authorization: 'Bearer key' },
      isPublic: false,
      isNavigation: false,
      changesNothing: false,
    },
    rules,
  );

test('plain http is taken from this machine and from named terminators, https from everybody', async () => {
  for (const address of ['127.0.0.1', '::1', '::ffff:127.0.0.1', '10.0.0.7', '::ffff:10.0.0.7'])
    await from(address);
  for (const address of ['10.0.0.8', '192.168.1.2', '::ffff:10.0.0.8', '2001:db8::1']) {
    await assert.rejects(from(address), { code: 'API-10' }, address);
    await from(address, true);
  }
});
