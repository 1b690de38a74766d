import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allowedOrigin, isAllowedHost, isPublicAddress, lookupPublic } from './hosts.ts';

const isAllowed = (address: string, ...allowHosts: string[]) => isAllowedHost(new URL(address), allowHosts);

test("Salesforce's own hosts are allowed, sandboxes and scratch orgs included", () => {
  for (const host of [
    'acme.my.salesforce.com',
    'acme--dev.sandbox.my.salesforce.com',
    'acme-dev-ed.develop.my.salesforce.com',
    'ruby-app-123.scratch.my.salesforce.com',
    'login.salesforce.com',
    'agency.my.salesforce.mil',
    'acme.lightning.force.com',
    'ACME.my.salesforce.com:443',
  ]) {
    assert(isAllowed(`https://${host}/x?y=1`), host);
  }
});

test('other hosts, ports and schemes are refused, however they are disguised', () => {
  for (const address of [
    'https://salesforce.com.evil.example',
    'https://evilsalesforce.com',
    'https://my.salesforce.com.',
    'https://acme.my.salesforce.com:8443',
    'http://acme.my.salesforce.com',
    'https://acme.my.salesforce.com@evil.example',
    'https://user@acme.my.salesforce.com',
    'https://evil.example/.salesforce.com',
    'https://evil.example#.salesforce.com',
    'ftp://acme.my.salesforce.com',
    'http://169.254.169.254',
    'http://127.0.0.1:8402',
    'https://[::1]',
  ]) {
    assert(!isAllowed(address), address);
  }
});

test('a named host is allowed exactly as it was named', () => {
  assert(isAllowed('http://127.0.0.1:8402', '127.0.0.1:8402'));
  assert(!isAllowed('http://127.0.0.1:8403', '127.0.0.1:8402'));
  assert(!isAllowed('http://127.0.0.1:8402', '127.0.0.1'));
  assert(isAllowed('https://Org.Internal', 'org.INTERNAL'));
  assert(isAllowed('https://org.internal', 'org.internal:443'));
  assert(!isAllowed('https://sub.org.internal', 'org.internal'));
  assert(!isAllowed('http://me:pw@org.internal', 'org.internal'));
  assert(!isAllowed('file://org.internal/x', 'org.internal'));
});

test('the fault of an address that may get no secret contains only its host', () => {
  const refused = { code: 'ORG-04', message: /evil\.example/ };
  assert.throws(
    () => allowedOrigin('https://me:hunter2@evil.example/path?secret', []),
    (error: Error) => {
      assert(!`${error.message} ${JSON.stringify(error)}`.includes('hunter2'));
      assert(!error.message.includes('secret'));
      return true;
    },
  );
  assert.throws(() => allowedOrigin('https://evil.example', []), refused);
  assert.throws(() => allowedOrigin('no address', []), { code: 'ORG-04' });
  assert.equal(allowedOrigin('https://a.my.salesforce.com/x?y#z', []).href, 'https://a.my.salesforce.com/');
});

test('private, link-local and metadata addresses are distinguished from public ones', () => {
  for (const [address, family] of [
    ['10.1.2.3', 4],
    ['127.0.0.1', 4],
    ['169.254.169.254', 4],
    ['172.31.255.255', 4],
    ['192.168.0.1', 4],
    ['100.100.0.1', 4],
    ['0.0.0.0', 4],
    ['239.0.0.1', 4],
    ['::1', 6],
    ['::', 6],
    ['fd00::1', 6],
    ['fe80::1', 6],
    ['::ffff:10.0.0.1', 6],
  ] as const) {
    assert(!isPublicAddress(address, family), address);
  }
  assert(isPublicAddress('85.222.152.10', 4));
  assert(isPublicAddress('172.32.0.1', 4));
  assert(isPublicAddress('2606:4700::1', 6));
  assert(isPublicAddress('::ffff:85.222.152.10', 6));
});

test('a name that resolves to a private address is refused', async () => {
  const { promise, resolve } = Promise.withResolvers<[unknown, unknown]>();
  lookupPublic('localhost', { all: true }, (error, address) => resolve([error?.code, address]));
  assert.deepEqual(await promise, ['ERR_PRIVATE_ADDRESS', []]);
});
