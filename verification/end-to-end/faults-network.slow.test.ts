/**
 * What a network does to answers. Covers: slow, hanging and half-open answers, answers that break off, packets in
 * slices, unknown host, untrusted certificate.
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import {
  type ClockHarness,
  type ClockHarnessOptions,
  dataPath,
  openClockHarness,
} from '@lockstep/harness/clock-harness';
import { signIn, startOrg } from '@lockstep/harness/org';
import { openWire, type Wire, type WireFault } from '@lockstep/harness/wire';

const org = await startOrg({ records: 300 });
after(() => org[Symbol.asyncDispose]());

const requestTimeoutMs = 130_000;
const ofSync = { path: '*/composite', user: 'integration' } as const;

const create = async (harness: ClockHarness, Name: string) =>
  (await harness.write([{ create: 'Account', values: { Name } }]))[0] ?? '';

/** A backfilled harness whose sync and proxy reach the org over a faulty wire. */
async function openWired(): Promise<{ harness: ClockHarness; wire: Wire } & AsyncDisposable> {
  await using undo = new AsyncDisposableStack();
  const wire = undo.use(await openWire({ port: Number(new URL(org.url).port), host: '127.0.0.1' }));
  const via: ClockHarnessOptions['via'] = { org: `http://127.0.0.1:${wire.port}` };
  const harness = undo.use(await openClockHarness({ org, sobjects: ['Account'], via }));
  await harness.finishBackfill();
  const ends = undo.move();
  return { harness, wire, [Symbol.asyncDispose]: () => ends.disposeAsync() };
}

/** Lets a request time out, and waits for what follows. */
async function outwait(harness: ClockHarness): Promise<void> {
  const { received } = harness.holder.counts;
  await harness.advance(requestTimeoutMs);
  await harness.holder.untilAsleep();
  assert.equal(harness.holder.syncProblems.at(-1), 'NET-01');
  assert.equal(harness.holder.counts.received, received, 'no part of it is used');
  const open = await harness.mirror.query(sql`SELECT lo FROM _lockstep.observation`);
  assert.deepEqual(open, [], 'its reading is closed');
}

for (const [what, effect] of Object.entries({
  'a byte a second': { bytesPerSecond: 1 },
  'not at all': { hang: 'before' },
  'not at all after its work is done': { hang: 'after' },
})) {
  test(`an answer that comes ${what} ends at the time-out, and the sync goes on`, async () => {
    await using harness = await openClockHarness({ org, sobjects: ['Account'] });
    await harness.finishBackfill();
    const id = await create(harness, what);
    const fault = await harness.inject({ match: ofSync, effect });
    await harness.advance(harness.intervalMs);
    await fault.untilFired();
    await outwait(harness);
    await harness.pass(2 * harness.intervalMs);
    assert.equal((await harness.row('account', id))?.name, what);
    await fault.end();
    await harness.settle();
    await harness.expectConvergedAndIdle();
  });
}

test('a connection whose other side has vanished ends at the time-out, and another is opened', async () => {
  await using wired = await openWired();
  const { harness, wire } = wired;
  wire.setFault({ kind: 'silence' });
  await harness.advance(harness.intervalMs);
  await wire.untilHit();
  await outwait(harness);
  const id = await create(harness, 'After the silence');
  wire.setFault(null);
  await harness.pass(2 * harness.intervalMs);
  assert.equal((await harness.row('account', id))?.name, 'After the silence');
  await harness.settle();
  await harness.expectConvergedAndIdle();
});

const broken: readonly WireFault[] = [0, 20, 700].flatMap((afterBytes): WireFault[] => [
  { kind: 'cut', afterBytes, by: 'reset' },
  { kind: 'cut', afterBytes, by: 'end' },
]);

test('an answer that breaks off anywhere is discarded entirely and requested again', async () => {
  await using wired = await openWired();
  const { harness, wire } = wired;
  for (const fault of broken) {
    const id = await create(harness, JSON.stringify(fault));
    const before = await cursors(harness);
    wire.setFault(fault);
    await harness.pass(harness.intervalMs);
    await wire.untilHit();
    wire.setFault(null);
    assert.deepEqual(await cursors(harness), before);
    assert.equal(await harness.row('account', id), undefined);
    await harness.pass(harness.intervalMs);
    assert.equal((await harness.row('account', id))?.name, JSON.stringify(fault));
  }
  await harness.settle();
  await harness.expectConvergedAndIdle();
});

test('an answer of the announced length whose JSON is cut short is discarded as well', async () => {
  await using harness = await openClockHarness({ org, sobjects: ['Account'] });
  await harness.finishBackfill();
  for (const bytes of [0, 1, 60, 300]) {
    const id = await create(harness, `${bytes} bytes`);
    const before = await cursors(harness);
    const fault = await harness.inject({ match: ofSync, effect: { truncate: { bytes, end: 'complete' } } });
    await harness.pass(harness.intervalMs);
    assert.equal(await fault.fired(), 1);
    assert.deepEqual(await cursors(harness), before);
    await harness.pass(harness.intervalMs);
    assert.equal((await harness.row('account', id))?.name, `${bytes} bytes`);
  }
  await harness.settle();
  await harness.expectConvergedAndIdle();
});

const cursors = (harness: ClockHarness) =>
  harness.mirror.query(sql`SELECT stream_no, kind, position FROM _lockstep.cursor ORDER BY 1, 2`);

test('packets of a few bytes are read as one answer, by the sync and by the proxy', async () => {
  await using wired = await openWired();
  const { harness, wire } = wired;
  wire.setFault({ kind: 'slice', bytes: 3 });
  const id = await create(harness, 'Übergröße 🧊');
  await harness.pass(2 * harness.intervalMs);
  assert.equal((await harness.row('account', id))?.name, 'Übergröße 🧊');
  const address = `${dataPath}/sobjects/Account/${id}`;
  const patched = await harness.call('PATCH', address, { Name: 'In slices' });
  assert.deepEqual([patched.status, patched.applied], [204, 'yes']);
  const through = await harness.call('GET', address);
  const direct = await org.request('GET', address, { token: await signIn(org.url, org.credentials, 'demo') });
  assert.equal(through.text, direct.text);
  await harness.settle();
  await harness.expectConvergedAndIdle();
});
