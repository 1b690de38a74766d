import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { startOrg } from '@lockstep/harness/org';

const minuteMs = 60_000;

test('more than 600,000 Ids are refused', async () => {
  await using org = await startOrg({ records: 200 });
  const lastMinute = Math.floor(Date.now() / minuteMs) * minuteMs;
  const minute = (back: number) => new Date(lastMinute - back * minuteMs).toISOString();
  await org.db.query(sql`
    INSERT INTO simulator.deletion (record_id, sobject, root_id, deleted_at)
    SELECT 'x' || n, 'Lead', 'x' || n, ${minute(3)}::timestamptz FROM generate_series(1, 600_001) AS n`);

  const window = new URLSearchParams({ start: minute(4), end: minute(2) });
  const tooMany = await org.request(
    'GET',
    `/services/data/v62.0/sobjects/Lead/deleted/?${window.toString()}`,
  );

  assert.equal(tooMany.status, 400);
  assert.equal((tooMany.json as { errorCode: string }[])[0]?.errorCode, 'EXCEEDED_ID_LIMIT');
});
