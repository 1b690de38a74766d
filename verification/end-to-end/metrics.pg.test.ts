import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { dataPath, openEndToEndHarness } from '@lockstep/harness/end-to-end-harness';

test('metrics name the sync and count what is marked to be read again, what is set aside and what fails', async () => {
  await using harness = await openEndToEndHarness({ org: { records: 300 }, sobjects: ['Account'] });
  const created = await harness.call('POST', `${dataPath}/sobjects/Account`, { Name: 'Counted' });
  assert.equal(created.headers.get('lockstep-applied'), 'yes');
  await harness.admin.query(sql`
    INSERT INTO _lockstep.dirty (stream_no, id, since_ticket, first_since_ticket, urgent, reason)
    SELECT stream_no, '001000000000' || lpad(reason, 6, 'x'), 0, 0, false, reason
      FROM _lockstep.checkpoint, unnest(ARRAY['cut off', 'overlap', 'absent', 'kept']) AS reason`);
  await harness.admin.query(sql`
    INSERT INTO _lockstep.quarantine (stream_no, id, column_name, code, record)
    SELECT stream_no, '00100000000000' || n || 'AAA', 'phone', 'misfit', '{"Phone":"canary"}'
      FROM _lockstep.checkpoint, generate_series(1, 3) AS n`);
  await harness.admin.query(sql`
    INSERT INTO _lockstep.problem (stream_no, kind, code, explanation, next, retry_at)
    SELECT stream_no, 'counts', 'PERM-02', 'canary', '', now() FROM _lockstep.checkpoint`);

  const { id } = harness.sync;
  // A request is counted a moment after its answer, when its outcome is recorded.
  const counted = `lockstep_proxy_requests_total{sync="${id}",method="POST",outcome="yes"} 1`;
  let lines: string[] = [];
  while (!lines.includes(counted)) lines = (await harness.metrics()).split('\n');
  assert(
    lines.includes(`lockstep_open_repairs{sync="${id}"} 2`),
    'what waits for a decision is not an open repair',
  );
  const setAside = `lockstep_set_aside_rows{sync="${id}",object="Account",column="phone",reason="misfit"} 3`;
  assert(lines.includes(setAside), setAside);
  assert(lines.includes(`lockstep_problems{sync="${id}",object="Account",kind="counts",code="PERM-02"} 1`));
  assert.doesNotMatch(lines.join('\n'), /canary/);
  assert(lines.includes(`lockstep_sync_info{sync="${id}",name="harness"} 1`));
});
