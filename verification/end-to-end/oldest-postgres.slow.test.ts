/** What must hold on every PostgreSQL that a mirror can be in, on the oldest one. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { openOldestServer } from '@lockstep/harness/plain-server';
import { root } from '@lockstep/harness/source-files';

/** Roles and their rights, the merge statement, values, tables, checks and the life of a sync. */
const files = [
  'packages/lockstep/src/postgres/roles.pg.test.ts',
  'packages/lockstep/src/postgres/apply.pg.test.ts',
  'packages/lockstep/src/postgres/apply-races.pg.test.ts',
  'packages/lockstep/src/postgres/apply-values.pg.test.ts',
  'packages/lockstep/src/postgres/set-aside.pg.test.ts',
  'packages/lockstep/src/postgres/store-slice.pg.test.ts',
  'packages/lockstep/src/postgres/restore-table.pg.test.ts',
  'packages/lockstep/src/postgres/table-indexes.pg.test.ts',
  'packages/lockstep/src/api/destinations.pg.test.ts',
  'packages/lockstep/src/api/create-sync.pg.test.ts',
  'packages/foundation/src/migrations.pg.test.ts',
  'packages/lockstep/src/api/moved-destinations.slow.test.ts',
  'packages/lockstep/src/operations/delete-sync.pg.test.ts',
  'packages/lockstep/src/postgres/ssh-tunnel.pg.test.ts',
  'packages/lockstep/src/postgres/kept-tables.pg.test.ts',
  'packages/lockstep/src/postgres/upgrade.pg.test.ts',
  'verification/end-to-end/bulk-values.slow.test.ts',
  'verification/end-to-end/changed-objects.slow.test.ts',
  'verification/end-to-end/own-database.pg.test.ts',
  'verification/end-to-end/left-out-fields.slow.test.ts',
];

test('roles, merges, tables and a sync from its creation to its deletion are the same on PostgreSQL 13', async (t) => {
  await using server = await openOldestServer();
  if (!server) return t.skip('PostgreSQL 13 was not fetched: npm run clients');
  const { NODE_TEST_CONTEXT: _, TEST_POSTGRES_LOG: __, ...environment } = process.env;
  const child = spawn(process.execPath, ['scripts/test.ts', '--no-check', ...files], {
    cwd: root,
    env: { ...environment, TEST_POSTGRES_URL: server.url },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
  assert.match(output, /^ℹ fail 0$/m, `${output.slice(-6_000)}${errors.slice(-2_000)}`);
  assert.match(output, /^ℹ pass [1-9]\d+$/m);
});
