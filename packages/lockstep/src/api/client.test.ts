import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAddressList } from '@lockstep/foundation/address-list';
import { clientOf } from './client.ts';

const terminators = parseAddressList(['10.0.0.0/8']);
assert.ok(terminators);
const client = (address: string, headers: Record<string, string>, isEncrypted = false) =>
  clientOf({ address, isEncrypted }, { host: 'localhost:8400', ...headers }, terminators);

test('a connection with TLS is https, whatever its headers say', () => {
  const forged = { 'x-forwarded-proto': 'http', 'x-forwarded-for': '127.0.0.1' };
  assert.deepEqual(client('203.0.113.9', forged, true), { address: '203.0.113.9', way: 'https' });
});

test('only a terminator that is named says who sends a request, and over what', () => {
  const headers = { 'x-forwarded-proto': 'https', 'x-forwarded-for': '198.51.100.7' };
  assert.deepEqual(client('10.0.0.7', headers), { address: '198.51.100.7', way: 'https' });
  assert.deepEqual(client('::ffff:10.0.0.7', headers), { address: '198.51.100.7', way: 'https' });
  assert.deepEqual(client('203.0.113.9', headers), { address: '203.0.113.9', way: 'plain' });
  assert.equal(client('127.0.0.1', { ...headers, host: 'lockstep.example.com' }).way, 'plain');
});

test('of several addresses the last that is no terminator counts: those before it anybody can write', () => {
  const from = (addresses: string) => client('10.0.0.7', { 'x-forwarded-for': addresses }).address;
  assert.equal(from('127.0.0.1, 198.51.100.7, 10.0.0.8'), '198.51.100.7');
  assert.equal(from('198.51.100.7, unknown'), '198.51.100.7');
  assert.equal(from(''), '10.0.0.7');
});

test('http is local only from this machine to a name of it, and if no terminator was on the way', () => {
  for (const host of ['localhost:8400', '127.0.0.1:8400', '[::1]:8400'])
    assert.equal(client('127.0.0.1', { host }).way, 'local', host);
  assert.equal(client('::1', {}).way, 'local');
  assert.equal(client('127.0.0.1', { host: 'lockstep.example.com' }).way, 'plain');
  assert.equal(client('127.0.0.1', { host: '' }).way, 'plain');
  for (const name of ['forwarded', 'x-forwarded-for', 'x-forwarded-proto'])
    assert.equal(client('127.0.0.1', { [name]: 'https' }).way, 'plain', 'a terminator that is not named');
  assert.equal(
    client('10.0.0.7', { 'x-forwarded-proto': 'http', 'x-forwarded-for': '127.0.0.1' }).way,
    'plain',
  );
});
