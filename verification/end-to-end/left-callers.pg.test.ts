import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { systemClock } from '@lockstep/foundation/clock';
import { sql } from '@lockstep/foundation/sql';
import { requestText } from '@lockstep/harness/proxy-stage';
import { armFault } from '@lockstep/harness/struck-fault';
import { dataPath, openWorld, type World } from '@lockstep/harness/world';

const accounts = `${dataPath}/sobjects/Account`;
/** The demo user's, so that the sync's own readings go on. */
const callers = { user: 'demo', path: `${accounts}*` } as const;

/** Begins a write of the demo user, of which nobody takes the answer. */
async function write(
  world: World,
  [method, path]: [string, string],
  { body, bodyBytes = body.length }: { body: string; bodyBytes?: number },
): Promise<Socket> {
  const { port, host, pathname } = new URL(world.base);
  const socket = connect(Number(port), '127.0.0.1');
  socket.on('error', () => undefined);
  const headers = ['Content-Type: application/json', `Content-Length: ${bodyBytes}`];
  const bearer = await world.org.token('demo');
  socket.write(requestText(method, `${pathname}${path}`, { host, headers, bearer }) + body);
  return socket;
}

/** What is recorded of the only write of the world, once something is that is expected. */
async function untilIntent(world: World, isExpected: (outcome: string | null) => boolean): Promise<void> {
  for (let looks = 0; looks < 1_000; looks++) {
    const [intent] = await world.admin.query<{ outcome: string | null }>(
      sql`SELECT outcome FROM _lockstep.intent`,
    );
    if (intent && isExpected(intent.outcome)) return;
    await systemClock.sleep(10);
  }
  assert.fail('the intent is not as expected');
}

const isInMirror = (name: string) => sql`SELECT count(*) > 0 FROM salesforce.account WHERE name = ${name}`;

test('a write whose caller has left is finished, applied and recorded', async () => {
  await using world = await openWorld({ org: { records: 100 }, sobjects: ['Account'] });
  const hanging = await armFault(world.org, { match: callers, effect: { hang: 'after' } });
  const socket = await write(world, ['POST', accounts], { body: '{"Name": "Left alone"}' });
  await hanging.struck();
  socket.destroy();
  await once(socket, 'close');
  await hanging.release();
  await world.until(isInMirror('Left alone'), 'the mirror shows what was written');
  await untilIntent(world, (outcome) => outcome === 'applied');
});

test('a write whose caller has left and whose answer is lost is read by the sync', async () => {
  await using world = await openWorld({ org: { records: 100 }, sobjects: ['Account'] });
  world.startWorker();
  await world.untilComplete();
  const [row] = await world.reader.query<{ id: string }>(sql`SELECT id FROM salesforce.account ORDER BY id`);
  const lost = await armFault(world.org, { match: callers, effect: { hang: 'after', reset: 'after' } });
  const path = `${accounts}/${row?.id}`;
  const socket = await write(world, ['PATCH', path], { body: '{"Name": "Heard by nobody"}' });
  await lost.struck();
  socket.destroy();
  await once(socket, 'close');
  await lost.release();
  await untilIntent(world, (outcome) => outcome === 'unknown');
  await world.until(isInMirror('Heard by nobody'), 'the mirror shows what was written');
});

test('a write whose caller leaves before its end writes nothing', async () => {
  await using world = await openWorld({ org: { records: 100 }, sobjects: ['Account'] });
  const before = await world.countInOrg('Account');
  const socket = await write(world, ['POST', accounts], { body: '{"Name": "Half', bodyBytes: 1_000 });
  await untilIntent(world, (outcome) => outcome === null);
  socket.destroy();
  await untilIntent(world, (outcome) => outcome === 'unknown');
  assert.equal(await world.countInOrg('Account'), before);
});
