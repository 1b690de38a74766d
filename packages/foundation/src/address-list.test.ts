import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isListed, parseAddressList } from './address-list.ts';

test('addresses and subnets of both families match, in whichever form a socket reports them', () => {
  const list = parseAddressList(['10.1.0.0/16', '192.0.2.7', '2001:db8::/32', '::1']);
  assert(list);
  for (const address of ['10.1.255.1', '192.0.2.7', '::ffff:10.1.0.1', '2001:db8:1::2', '::1']) {
    assert.equal(isListed(list, address), true, address);
  }
  for (const address of ['10.2.0.1', '192.0.2.8', '::ffff:10.2.0.1', '2001:db9::1', '127.0.0.1', '']) {
    assert.equal(isListed(list, address), false, address);
  }
});

test('an empty list matches no address', () => {
  const list = parseAddressList([]);
  assert(list && !isListed(list, '127.0.0.1'));
});

test('a list with an entry that is neither an address nor a subnet is refused', () => {
  for (const entry of [
    'localhost',
    '10.0.0.0/33',
    '::1/129',
    '10.0.0',
    '10.0.0.0/',
    '/8',
    '10.0.0.0/8/8',
    '',
  ]) {
    assert.equal(parseAddressList([entry]), null, entry);
  }
});
