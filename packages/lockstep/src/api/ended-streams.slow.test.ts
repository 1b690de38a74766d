import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { withSyncs } from '@lockstep/harness/api-harness';
import { watch } from '@lockstep/harness/event-stream';
import { createAdministrator } from '../control/index.ts';

test('a stream ends within seconds when its key is revoked or its session ends, and watching prolongs no session', async () => {
  await using api = await withSyncs(['acme']);
  const { control } = api.control;
  await createAdministrator(control, 'a long phrase is fine');
  const signIn = async () => {
    const given = { password: 'a long phrase is fine' };
    const { headers } = await api.ask('POST', '/api/v1/session', given, { authorization: '' });
    return { cookie: headers.get('set-cookie')?.split(';')[0] ?? '' };
  };
  const made = await api.ask('POST', '/api/v1/api-keys', { name: 'screen', scope: 'read' });
  await using lasting = await watch(api, 'acme', 'syncs', await signIn());
  const [kept] = await control.db.query<{ session_id: string }>(sql`
    UPDATE lockstep.session SET last_seen_at = last_seen_at - interval '2 hours' RETURNING session_id`);
  await using ofSession = await watch(api, 'acme', 'syncs', await signIn());
  await using ofKey = await watch(api, 'acme', 'syncs', { authorization: `Bearer ${String(made.body.key)}` });
  for (const stream of [lasting, ofSession, ofKey]) await stream.next('sync');

  await api.ask('DELETE', '/api/v1/api-keys/screen');
  await control.db.query(sql`DELETE FROM lockstep.session WHERE session_id <> ${kept?.session_id}`);
  await Promise.all([ofSession.ended, ofKey.ended]);
  await api.ask('PATCH', '/api/v1/syncs/acme', { paused: true });
  assert.equal((await lasting.next('sync')).paused, true);
  const prolonged = await control.db.query(
    sql`SELECT session_id FROM lockstep.session WHERE last_seen_at > clock_timestamp() - interval '1 hour'`,
  );
  assert.deepEqual(prolonged, []);
});
