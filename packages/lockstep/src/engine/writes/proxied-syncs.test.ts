import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OrgId, SyncId } from '../../core/ids.ts';
import type { StreamTable } from '../../postgres/index.ts';
import { proxied } from './proxied-syncs.ts';

test('an Id prefix that two objects share belongs to neither, and an object may have none', async () => {
  const prefixes = { account: '001', partner: '00I', accountpartner: '00I', history: null };
  const tables = new Map(
    Object.entries(prefixes).map(([name, keyPrefix]) => [name, { stream: { keyPrefix } } as StreamTable]),
  );
  const open = { destination: async () => ({ tables }) } as unknown as Parameters<typeof proxied>[1];
  const settings = {
    id: 'sync' as SyncId,
    orgId: 'org' as OrgId,
    instanceUrl: '',
    sobjects: [...tables.keys()],
    withoutDatabase: 'refuse' as const,
  };
  const sync = proxied({ owner: 'test' }, open, settings);
  assert.deepEqual(await sync.keyPrefixes(), new Map([['001', 'account']]));
});
