import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { systemClock } from '@lockstep/foundation/clock';
import { sql } from '@lockstep/foundation/sql';
import { dataPath, type EndToEndHarness, openEndToEndHarness } from '@lockstep/harness/end-to-end-harness';
import { armFault } from '@lockstep/harness/injected-fault';
import { requestText } from '@lockstep/harness/proxy-harness';

const accounts = `${dataPath}/sobjects/Account`;
/** Matches only the demo user's requests, so that the sync's own readings go on. */
const callers = { user: 'demo', path: `${accounts}*` } as const;

/** Begins a write as the demo user, without reading the answer. */
async function write(
  harness: EndToEndHarness,
  [method, path]: [string, string],
  { body, bodyBytes = body.length }: { body: string; bodyBytes?: number },
): Promise<Socket> {
  const { port, host, pathname } = new URL(harness.base);
  const socket = connect(Number(port), '127.0.0.1');
  socket.on('error', () => undefined);
  const headers = ['Content-Type: application/json', `Content-Length: ${bodyBytes}`];
  const bearer = await harness.org.token('demo');
  socket.write(requestText(method, `${pathname}${path}`, { host, headers, bearer }) + body);
  return socket;
}

/** Waits until the only write of the harness is recorded with an expected outcome. */
async function untilIntent(
  harness: EndToEndHarness,
  isExpected: (outcome: string | null) => boolean,
): Promise<void> {
  for (let looks = 0; looks < 1_000; looks++) {
    const [intent] = await harness.admin.query<{ outcome: string | null }>(
      sql`SELECT outcome FROM _lockstep.intent`,
    );
    if (intent && isExpected(intent.outcome)) return;
    await systemClock.sleep(10);
  }
  assert.fail('the intent is not as expected');
}

const isInMirror = (name: string) => sql`SELECT count(*) > 0 FROM salesforce.account WHERE name = ${name}`;

test('a write whose caller has left is finished, applied and recorded', async () => {
  await using harness = await openEndToEndHarness({ org: { records: 100 }, sobjects: ['Account'] });
  const hanging = await armFault(harness.org, { match: callers, effect: { hang: 'after' } });
  const socket = await write(harness, ['POST', accounts], { body: '{"Name": "Left alone"}' });
  await hanging.untilFired();
  socket.destroy();
  await once(socket, 'close');
  await hanging.release();
  await harness.until(isInMirror('Left alone'), 'the mirror shows what was written');
  await untilIntent(harness, (outcome) => outcome === 'applied');
});

test('a write whose caller has left and whose answer is lost is read by the sync', async () => {
  await using harness = await openEndToEndHarness({ org: { records: 100 }, sobjects: ['Account'] });
  harness.startWorker();
  await harness.untilComplete();
  const [row] = await harness.reader.query<{ id: string }>(
    sql`SELECT id FROM salesforce.account ORDER BY id`,
  );
  const lost = await armFault(harness.org, { match: callers, effect: { hang: 'after', reset: 'after' } });
  const path = `${accounts}/${row?.id}`;
  const socket = await write(harness, ['PATCH', path], { body: '{"Name": "Heard by nobody"}' });
  await lost.untilFired();
  socket.destroy();
  await once(socket, 'close');
  await lost.release();
  await untilIntent(harness, (outcome) => outcome === 'unknown');
  await harness.until(isInMirror('Heard by nobody'), 'the mirror shows what was written');
});

test('a write whose caller leaves before sending all of it writes nothing', async () => {
  await using harness = await openEndToEndHarness({ org: { records: 100 }, sobjects: ['Account'] });
  const before = await harness.countInOrg('Account');
  const socket = await write(harness, ['POST', accounts], { body: '{"Name": "Half', bodyBytes: 1_000 });
  await untilIntent(harness, (outcome) => outcome === null);
  socket.destroy();
  await untilIntent(harness, (outcome) => outcome === 'unknown');
  assert.equal(await harness.countInOrg('Account'), before);
});
