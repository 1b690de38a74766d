/**
 * What a network does to answers. Rows of the list of faults: 50 (slow, hanging and half-open answers), 51 (answers that
 * break off), 52 (packets in slices), 53 (no host, no trust).
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { signIn, startOrg } from '@lockstep/harness/org';
import { dataPath, openStage, type Stage, type StageOptions } from '@lockstep/harness/stage';
import { openWire, type Wire, type WireFault } from '@lockstep/harness/wire';

const org = await startOrg({ records: 300 });
after(() => org[Symbol.asyncDispose]());

const requestTimeoutMs = 130_000;
const ofSync = { path: '*/composite', user: 'integration' } as const;

const create = async (stage: Stage, Name: string) =>
  (await stage.write([{ create: 'Account', values: { Name } }]))[0] ?? '';

/** A stage whose sync and proxy reach the org over a wire, with its first copy done. */
async function openWired(): Promise<{ stage: Stage; wire: Wire } & AsyncDisposable> {
  await using undo = new AsyncDisposableStack();
  const wire = undo.use(await openWire({ port: Number(new URL(org.url).port), host: '127.0.0.1' }));
  const via: StageOptions['via'] = { org: `http://127.0.0.1:${wire.port}` };
  const stage = undo.use(await openStage({ org, sobjects: ['Account'], via }));
  await stage.copy();
  const ends = undo.move();
  return { stage, wire, [Symbol.asyncDispose]: () => ends.disposeAsync() };
}

/** Time passes for an answer that does not come, and then for what follows. */
async function outwait(stage: Stage): Promise<void> {
  const { received } = stage.holder.counts;
  await stage.advance(requestTimeoutMs);
  await stage.holder.untilRest();
  assert.equal(stage.holder.syncProblems.at(-1), 'NET-01');
  assert.equal(stage.holder.counts.received, received, 'nothing of it is used');
  const open = await stage.mirror.query(sql`SELECT lo FROM _lockstep.observation`);
  assert.deepEqual(open, [], 'its reading is closed');
}

for (const [what, effect] of Object.entries({
  'a byte a second': { bytesPerSecond: 1 },
  'not at all': { hang: 'before' },
  'not at all after its work is done': { hang: 'after' },
})) {
  test(`an answer that comes ${what} ends at the time-out, and the sync goes on`, async () => {
    await using stage = await openStage({ org, sobjects: ['Account'] });
    await stage.copy();
    const id = await create(stage, what);
    const fault = await stage.strike({ match: ofSync, effect });
    await stage.advance(stage.intervalMs);
    await fault.struck();
    await outwait(stage);
    await stage.pass(2 * stage.intervalMs);
    assert.equal((await stage.row('account', id))?.name, what);
    await fault.end();
    await stage.settle();
    await stage.expectWhole();
  });
}

test('a connection whose other side is gone without a word ends at the time-out, and another is opened', async () => {
  await using wired = await openWired();
  const { stage, wire } = wired;
  wire.behave({ kind: 'silence' });
  await stage.advance(stage.intervalMs);
  await wire.met();
  await outwait(stage);
  const id = await create(stage, 'After the silence');
  wire.behave(null);
  await stage.pass(2 * stage.intervalMs);
  assert.equal((await stage.row('account', id))?.name, 'After the silence');
  await stage.settle();
  await stage.expectWhole();
});

const broken: readonly WireFault[] = [0, 20, 700].flatMap((afterBytes): WireFault[] => [
  { kind: 'cut', afterBytes, by: 'reset' },
  { kind: 'cut', afterBytes, by: 'end' },
]);

test('an answer that breaks off anywhere is thrown away whole and asked for again', async () => {
  await using wired = await openWired();
  const { stage, wire } = wired;
  for (const fault of broken) {
    const id = await create(stage, JSON.stringify(fault));
    const before = await cursors(stage);
    wire.behave(fault);
    await stage.pass(stage.intervalMs);
    await wire.met();
    wire.behave(null);
    assert.deepEqual(await cursors(stage), before);
    assert.equal(await stage.row('account', id), undefined);
    await stage.pass(stage.intervalMs);
    assert.equal((await stage.row('account', id))?.name, JSON.stringify(fault));
  }
  await stage.settle();
  await stage.expectWhole();
});

test('an answer that is whole by its length and cut short in its text is thrown away as well', async () => {
  await using stage = await openStage({ org, sobjects: ['Account'] });
  await stage.copy();
  for (const bytes of [0, 1, 60, 300]) {
    const id = await create(stage, `${bytes} bytes`);
    const before = await cursors(stage);
    const fault = await stage.strike({ match: ofSync, effect: { truncate: { bytes, end: 'complete' } } });
    await stage.pass(stage.intervalMs);
    assert.equal(await fault.fired(), 1);
    assert.deepEqual(await cursors(stage), before);
    await stage.pass(stage.intervalMs);
    assert.equal((await stage.row('account', id))?.name, `${bytes} bytes`);
  }
  await stage.settle();
  await stage.expectWhole();
});

const cursors = (stage: Stage) =>
  stage.mirror.query(sql`SELECT stream_no, kind, position FROM _lockstep.cursor ORDER BY 1, 2`);

test('packets of a few bytes are read as one answer, by the sync and by the proxy', async () => {
  await using wired = await openWired();
  const { stage, wire } = wired;
  wire.behave({ kind: 'slice', bytes: 3 });
  const id = await create(stage, 'Übergröße 🧊');
  await stage.pass(2 * stage.intervalMs);
  assert.equal((await stage.row('account', id))?.name, 'Übergröße 🧊');
  const address = `${dataPath}/sobjects/Account/${id}`;
  const patched = await stage.call('PATCH', address, { Name: 'In slices' });
  assert.deepEqual([patched.status, patched.applied], [204, 'yes']);
  const through = await stage.call('GET', address);
  const direct = await org.request('GET', address, { token: await signIn(org.url, org.credentials, 'demo') });
  assert.equal(through.text, direct.text);
  await stage.settle();
  await stage.expectWhole();
});
