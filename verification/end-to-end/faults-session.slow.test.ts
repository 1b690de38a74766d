/** Sessions refused although just renewed, refused credentials, and tokens for a foreign address. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { type ClockHarness, openClockHarness } from '@lockstep/harness/clock-harness';
import { startOrg } from '@lockstep/harness/org';

const org = await startOrg({ records: 300 });
after(() => org[Symbol.asyncDispose]());

const minuteMs = 60_000;
const ofSync = { path: '*/composite', user: 'integration' } as const;
const refused = { answer: 'INVALID_SESSION_ID' } as const;

const openCopied = async (): Promise<ClockHarness> => {
  const harness = await openClockHarness({ org, sobjects: ['Account'], intervalMs: 3_000 });
  await harness.finishBackfill();
  return harness;
};

const create = async (harness: ClockHarness, Name: string) =>
  (await harness.write([{ create: 'Account', values: { Name } }]))[0] ?? '';

test('after two refusals of the session in a row a change is in the mirror within a minute', async () => {
  await using harness = await openCopied();
  const fault = await harness.inject({ match: ofSync, times: 2, effect: refused });
  const id = await create(harness, 'After two refusals');
  await harness.pass(minuteMs);
  assert.equal(await fault.fired(), 2);
  assert.ok(harness.holder.syncProblems.includes('SF-02'), 'the problem was visible');
  assert.equal((await harness.row('account', id))?.name, 'After two refusals');
  await harness.settle();
  await harness.expectConvergedAndIdle();
});

test('while sessions are refused for half an hour the sync tries about once a minute, and goes on when one is accepted', async () => {
  await using harness = await openCopied();
  const fault = await harness.inject({ match: ofSync, times: null, effect: refused });
  const id = await create(harness, 'Half an hour');
  await harness.pass(30 * minuteMs);
  const fired = await fault.fired();
  assert.ok(fired >= 50 && fired <= 90, `${fired} requests, two a try`);
  await fault.end();
  await harness.pass(minuteMs);
  assert.equal((await harness.row('account', id))?.name, 'Half an hour');
  await harness.settle();
  await harness.expectConvergedAndIdle();
});

test('if one query inside a composite says that the session is refused, its object is delayed no longer than others', async () => {
  await using harness = await openCopied();
  const inside = { contains: 'FROM Account', user: 'integration', inside: 'only' } as const;
  const fault = await harness.inject({ match: inside, effect: refused });
  const id = await create(harness, 'Inside a composite');
  await harness.pass(minuteMs);
  assert.equal(await fault.fired(), 1);
  assert.equal((await harness.row('account', id))?.name, 'Inside a composite');
  await harness.settle();
  await harness.expectConvergedAndIdle();
});

test('a credential that the token endpoint refuses is tried once an hour', async () => {
  await using harness = await openCopied();
  await org.control('/signIn/expireTokens', { user: 'integration' });
  const match = { path: '/services/oauth2/token' };
  const fault = await harness.inject({ match, times: null, effect: { answer: 'INVALID_GRANT' } });
  const id = await create(harness, 'After the hour');
  await harness.pass(59 * minuteMs);
  assert.equal(await fault.fired(), 1);
  assert.equal(harness.holder.syncProblems.at(-1), 'SF-01');
  await fault.end();
  await harness.pass(2 * minuteMs);
  assert.equal((await harness.row('account', id))?.name, 'After the hour');
  await harness.settle();
  await harness.expectConvergedAndIdle();
});

test('after a token answer with a foreign address the sync signs in again within a minute', async () => {
  await using harness = await openCopied();
  await org.control('/signIn/instanceUrl', { url: 'http://169.254.169.254/', times: 1 });
  await org.control('/signIn/expireTokens', { user: 'integration' });
  const id = await create(harness, 'From the right address');
  await harness.pass(minuteMs);
  assert.ok(harness.holder.syncProblems.includes('ORG-04'));
  assert.equal((await harness.row('account', id))?.name, 'From the right address');
  await harness.settle();
  await harness.expectConvergedAndIdle();
});
