import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openTestControl } from '@lockstep/harness/control';
import { dumpControl } from '@lockstep/harness/control-dump';
import { deleteExpired } from './expired.ts';

test('what is kept for a limited time is deleted when that has passed, although nobody asks for it', async () => {
  await using harness = await openTestControl();
  const { control } = harness;
  const row = (age: string, name: string) => `
    INSERT INTO lockstep.audit_entry (at, who, operation) VALUES (now() - interval '${age}', '${name}', 'changeSync');
    INSERT INTO lockstep.idempotency_key (key, fingerprint, subject, begun_at)
      VALUES ('${name}', '', '', now() - interval '${age}');
    INSERT INTO lockstep.session (session_id, hash, created_at, address, user_agent)
      VALUES ('${name}', '${name}', now() - interval '${age}' - interval '7 days', '', '');
    INSERT INTO lockstep.sign_in (sign_in_id, login_url, flow, expires_at)
      VALUES ('${name}', '', 'web server', now() - interval '${age}');`;
  await control.db.script(row('31 days', 'is old') + row('23 hours', 'is new'));
  await deleteExpired(control);
  const { text } = await dumpControl(control.db);
  assert.doesNotMatch(text, /is old/);
  assert.equal(text.split('\n').filter((line) => line.includes('is new')).length, 4);
});
