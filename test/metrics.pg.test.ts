import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from '../src/lib/sql.ts';
import { dataPath, openWorld } from './world.ts';

test('metrics name the sync and count the records that are marked to be read again', async () => {
  await using world = await openWorld({ org: { records: 300 }, sobjects: ['Account'] });
  const created = await world.call('POST', `${dataPath}/sobjects/Account`, { Name: 'Counted' });
  assert.equal(created.headers.get('lockstep-applied'), 'yes');
  await world.admin.query(sql`
    INSERT INTO _lockstep.dirty (stream_no, id, since, first_since, urgent, reason)
    SELECT stream_no, '001000000000' || lpad(reason, 6, 'x'), 0, 0, false, reason
      FROM _lockstep.checkpoint, unnest(ARRAY['cut off', 'overlap', 'absent', 'kept']) AS reason`);

  const { id } = world.sync;
  const lines = (await world.metrics()).split('\n');
  assert(lines.includes(`lockstep_open_repairs{sync="${id}"} 2`), 'what waits for a decision is no repair');
  assert(lines.includes(`lockstep_sync_info{sync="${id}",name="world"} 1`));
  assert(lines.includes(`lockstep_proxy_requests_total{sync="${id}",method="POST",outcome="yes"} 1`));
});
