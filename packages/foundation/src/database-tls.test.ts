import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withTls } from './database-tls.ts';

test('a password goes to another machine only over verified TLS', () => {
  for (const [url, expected] of [
    ['postgres://u:p@db.example.com/app', 'postgres://u:p@db.example.com/app?sslmode=verify-full'],
    ['postgres://u:p@10.0.0.7:6432/app?x=1', 'postgres://u:p@10.0.0.7:6432/app?x=1&sslmode=verify-full'],
    ['postgres://u:p@postgres/app', 'postgres://u:p@postgres/app?sslmode=verify-full'],
    ['postgres://u:p@127.example.com/app', 'postgres://u:p@127.example.com/app?sslmode=verify-full'],
    ['postgres:///app?host=db.example.com', 'postgres:///app?host=db.example.com&sslmode=verify-full'],
  ] as const)
    assert.equal(withTls(url), expected);
});

test('a server on this machine needs no TLS', () => {
  for (const url of [
    'postgres://u:p@localhost/app',
    'postgres://u:p@db.localhost/app',
    'postgres://u:p@127.0.0.1:5432/app',
    'postgres://u:p@[::1]/app',
    'postgres:///app?host=/run/postgresql',
    'postgres://u@%2Frun%2Fpostgresql/app',
  ])
    assert.equal(withTls(url), url);
});

test('whoever decides about TLS is heeded', () => {
  const url = 'postgres://u:p@db.example.com/app';
  for (const mode of ['disable', 'no-verify', 'require', 'verify-ca'])
    assert.equal(withTls(`${url}?sslmode=${mode}`), `${url}?sslmode=${mode}`);
  assert.equal(withTls(`${url}?sslrootcert=/ca.pem`), `${url}?sslrootcert=/ca.pem`);
});
