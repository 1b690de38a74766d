/** Salesforce moves an org: it answers at another address, and no longer at the old one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { type ApiHarness, newSyncOf, openApiOn } from '@lockstep/harness/api-harness';
import { openCli } from '@lockstep/harness/cli-process';
import { dataPath, openEndToEndHarness } from '@lockstep/harness/end-to-end-harness';
import { armFault } from '@lockstep/harness/injected-fault';
import type { TestOrg } from '@lockstep/harness/org';
import { openTcpRelay, type TcpRelay } from '@lockstep/harness/tcp-relay';

const isAt = async (api: ApiHarness) => {
  const { body } = await api.ask('GET', '/api/v1/syncs/harness');
  return { instance: body.instance_url, login: body.login_url };
};

const hostAt = ({ port }: TcpRelay) => `127.0.0.1:${port}`;

const openAddress = (org: TestOrg) =>
  openTcpRelay({ host: '127.0.0.1', port: Number(new URL(org.url).port) }, (near, far) => {
    for (const socket of [near, far]) socket.on('error', () => undefined);
    near.pipe(far).pipe(near);
  });

/** Token answers give this address until it is disposed of. */
const givenAs = (org: TestOrg, host: string) =>
  armFault(org, {
    match: { path: '/services/oauth2/token' },
    times: null,
    effect: { rows: { replace: { instance_url: `http://${host}` } } },
  });

test('the sync and its proxy go on at the new address, at their cursors, and say so', async () => {
  const undo = new AsyncDisposableStack();
  await using _ends = undo;
  const addresses: TcpRelay[] = [];
  const given: Awaited<ReturnType<typeof givenAs>>[] = [];
  await using harness = await openEndToEndHarness({
    org: { records: 300 },
    sobjects: ['Account', 'Contact'],
    intervalMs: 250,
    async prepare(org) {
      for (let one = 0; one < 2; one++) addresses.push(undo.use(await openAddress(org)));
      given.push(await givenAs(org, hostAt(addresses[0] as TcpRelay)));
    },
    otherHosts: () => addresses.map(hostAt),
  });
  const [old, next] = addresses as [TcpRelay, TcpRelay];
  const { org, sync, admin } = harness;
  assert.equal(sync.instanceUrl, `http://${hostAt(old)}`);
  await using api = await openApiOn(harness.control, [new URL(org.url).host, hostAt(old), hostAt(next)]);
  await using cli = await openCli(api.environment);
  harness.startWorker();
  await harness.untilComplete();
  const rows = () => admin.query(sql`SELECT ctid::text, xmin::text FROM salesforce.account ORDER BY id`);
  const before = await rows();

  await given[0]?.end();
  given.push(await givenAs(org, hostAt(next)));
  await old[Symbol.asyncDispose]();
  await org.request('POST', `${dataPath}/sobjects/Contact`, { body: { LastName: 'After the move' } });
  await harness.until(
    sql`SELECT count(*) = 1 FROM salesforce.contact WHERE lastname = 'After the move'`,
    'the change is read at the new address',
  );
  assert.deepEqual(await rows(), before, 'no row is written again');

  const written = await harness.call('POST', `${dataPath}/sobjects/Contact`, { LastName: 'By the proxy' });
  assert.deepEqual([written.status, written.headers.get('lockstep-applied')], [201, 'yes'], written.text);
  const named = (host: string) => harness.call('GET', `/${host}${dataPath}/limits`);
  assert.equal((await named(hostAt(next))).status, 200);
  assert.equal((await named(hostAt(old))).status, 404);

  assert.deepEqual(await isAt(api), { instance: `http://${hostAt(next)}`, login: org.url });
  const shown = await cli.run(['sync', 'show']);
  assert.match(shown.stdout, new RegExp(hostAt(next)));
  const activity = await cli.run(['activity', '--json']);
  assert.match(activity.stdout, new RegExp(`The org is at ${hostAt(next)}: ORG-03`), activity.stderr);

  await given[1]?.end();
  const { credential } = newSyncOf(org);
  const replaced = await api.ask('PUT', '/api/v1/syncs/harness/credential', {
    login_url: org.url,
    credential,
  });
  assert.equal(replaced.status, 200, JSON.stringify(replaced.body));
  assert.deepEqual(await isAt(api), { instance: org.url, login: org.url }, 'a new credential says it, too');
});
