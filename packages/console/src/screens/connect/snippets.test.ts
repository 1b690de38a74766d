import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressIn, type DatabaseFacts, databaseSnippets, proxySnippets, textOf } from './snippets.ts';

const facts = (url: string, change: Partial<DatabaseFacts> = {}): DatabaseFacts => ({
  ...addressIn(url),
  user: 'reader',
  password: null,
  schema: 'salesforce',
  table: 'account',
  columns: ['id', 'name'],
  ...change,
});
const pasted = (known: DatabaseFacts, id: string): string => {
  const found = databaseSnippets(known).find((one) => one.id === id);
  assert.ok(found);
  return textOf(found);
};

test('each driver is told of TLS in its own words', () => {
  const verified = facts('postgres://db.example.com/crm?sslmode=verify-full');
  assert.match(pasted(verified, 'psql'), /\?sslmode=verify-full&sslrootcert=system'/);
  assert.match(pasted(verified, 'sqlalchemy'), /\?sslmode=verify-full&sslrootcert=system"/);
  assert.match(pasted(verified, 'kysely'), /crm\?sslmode=verify-full'/);
  assert.match(pasted(verified, 'jdbc'), /\?sslmode=verify-full&sslfactory=org\.postgresql\.ssl\.Default/);
  assert.match(pasted(verified, 'metabase'), /\(SSL\): On\nSSL mode: verify-full$/);
  assert.match(pasted(verified, 'grafana'), /^Host URL: db\.example\.com:5432\n[^]*Mode: verify-full$/);

  const unverified = facts('postgres://db.example.com/crm?sslmode=require');
  assert.match(pasted(unverified, 'url'), /\?sslmode=require$/);
  assert.match(pasted(unverified, 'drizzle'), /\?sslmode=no-verify'/);

  const plain = facts('postgres://localhost:5433/crm');
  assert.equal(pasted(plain, 'url'), 'postgresql://reader@localhost:5433/crm');
  assert.match(pasted(plain, 'grafana'), /Mode: disable$/);
});

test('names that need it are quoted, and addresses of IPv6 and sockets have their own form', () => {
  const odd = facts('postgres://[::1]:5433/crm', { schema: 'Sales', table: 'my table' });
  assert.match(pasted(odd, 'psql'), /FROM "Sales"\."my table" LIMIT 5'$/);
  assert.match(pasted(odd, 'url'), /@\[::1\]:5433\/crm$/);
  assert.match(pasted(odd, 'jdbc'), /executeQuery\(\s+"SELECT id, name FROM \\"Sales\\"/);
  assert.match(pasted(odd, 'metabase'), /^Host: ::1\nPort: 5433\n/);
  const socket = facts('postgres:///crm?host=%2Frun%2Fpostgresql');
  assert.equal(pasted(socket, 'url'), 'postgresql://reader@localhost:5432/crm?host=%2Frun%2Fpostgresql');
});

test('a proxy with a certificate needs no adapter for simple-salesforce', () => {
  const known = { apiVersion: '62.0', object: 'Account', id: '001000000000001AAA', field: 'Description' };
  const code = (baseUrl: string) =>
    proxySnippets({ ...known, baseUrl }).find(({ id }) => id === 'simple-salesforce')?.code ?? '';
  assert.match(code('http://localhost:8401/s1'), /class PlainHttp[^]*instance="localhost:8401\/s1"/);
  assert.doesNotMatch(code('https://s1.example.com'), /PlainHttp|session=session/);
  assert.match(code('https://s1.example.com'), /instance="s1\.example\.com"/);
});
