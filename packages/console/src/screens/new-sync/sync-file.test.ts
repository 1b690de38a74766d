import assert from 'node:assert/strict';
import { test } from 'node:test';
import { syncFile } from './sync-file.ts';

test('the file names where secrets are, and contains none', () => {
  const settings = { name: 'acme', interval_ms: 3_000, fields_left_out: [], api_version: 'newest' };
  const file = syncFile({
    ...settings,
    login_url: 'https://acme.my.salesforce.com',
    credential: { flow: 'client credentials', client_id: 'key', client_secret: 'SECRET' },
    destination: {
      url: 'postgres://writer:SECRET@db/crm',
      reader_url: 'postgres://reader:SECRET@db/crm',
      schema: 'salesforce',
      share_schema: false,
      tunnel: { host: 'bastion', port: 22, user: 'lockstep', key: 'SECRET' },
    },
  });
  assert.ok(!JSON.stringify(file).includes('SECRET'));
  assert.deepEqual(file, {
    ...settings,
    login_url: 'https://acme.my.salesforce.com',
    credential: { flow: 'client credentials', client_id: 'key', client_secret_file: 'client-secret' },
    destination: {
      urls_file: 'database-urls',
      schema: 'salesforce',
      share_schema: false,
      tunnel: { host: 'bastion', port: 22, user: 'lockstep', key_file: 'ssh-key' },
    },
  });
});
