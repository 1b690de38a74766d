/** Two servers on one control database share the session of a sync, also when Salesforce ends it under both. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '@lockstep/foundation/clock';
import { dataPath, openEndToEndHarness } from '@lockstep/harness/end-to-end-harness';
import { armFault } from '@lockstep/harness/injected-fault';
import { startServerProcess } from '@lockstep/harness/server-process';
import { pastedToken, rotateTokens } from '@lockstep/harness/sign-in';
import { createApiKey } from 'lockstep/control';
import { replaceSyncCredential } from 'lockstep/operations/replace-credential';

test('twenty requests through two processes that find the session ended use the rotating refresh token once', async () => {
  await using undo = new AsyncDisposableStack();
  const harness = undo.use(
    await openEndToEndHarness({ org: { records: 300 }, sobjects: ['Account'], intervalMs: 300_000 }),
  );
  const { org, sync } = harness;
  const { control, log } = harness.control;
  await using _rotation = await rotateTokens(org);
  const { client_id: clientId, client_secret: clientSecret, refresh_token = '' } = await pastedToken(org);
  const credential = { flow: 'refresh token' as const, clientId, clientSecret, refreshToken: refresh_token };
  await replaceSyncCredential(
    { control, clock: systemClock, log: log.log },
    sync,
    { loginUrl: org.url, credential, signIn: null },
    { allowHosts: [new URL(org.url).host], isDryRun: false },
    new AbortController().signal,
  );
  const { key } = await createApiKey(control, sync.id, { name: 'app', scope: 'read', expiresInMs: null });
  const servers = [await startServerProcess(harness, undo), await startServerProcess(harness, undo)];
  const ask = async (place: number) => {
    const base = servers[place % 2]?.proxyUrl ?? '';
    const answer = await fetch(`${base}/${sync.id}${dataPath}/limits`, {
      headers: { authorization: `Bearer ${key}` },
    });
    await answer.body?.cancel();
    return answer.status;
  };
  assert.deepEqual([await ask(0), await ask(1)], [200, 200]);

  await org.control('/signIn/expireTokens', { user: 'demo' });
  const match = { path: '/services/oauth2/token' };
  const signIns = await armFault(org, { match, times: null, effect: { delayAnswerMs: 500 } });
  const statuses = await Promise.all(Array.from({ length: 20 }, (_, place) => ask(place)));
  assert.deepEqual(new Set(statuses), new Set([200]));
  assert.equal(await signIns.fired(), 1);
  assert.deepEqual([await ask(0), await ask(1)], [200, 200], 'the new refresh token is stored');
});
