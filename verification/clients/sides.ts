import assert from 'node:assert/strict';
import { systemClock } from '@lockstep/foundation/clock';
import { openAppliedCheck } from '@lockstep/harness/applied-check';
import { type EndToEndHarness, openEndToEndHarness } from '@lockstep/harness/end-to-end-harness';
import { compareStream, mirroredStreams } from '@lockstep/harness/mirror-comparison';
import { signIn, type TestOrg } from '@lockstep/harness/org';
import { type Exchange, openRecordingRelay, type RecordingRelay } from './recording-relay.ts';
import type { ClientRound } from './rounds.ts';

/** One of the two ways in which a client makes its round: directly to an org, or through the proxy to its twin. */
export interface Side {
  org: TestOrg;
  relay: RecordingRelay;
  base: (form: ClientRound['form']) => string;
  /** What the mirror did not show when an answer said that it does, since the last call. */
  takeBroken: () => string[];
  /** Resolves as soon as the mirror equals the org; otherwise returns what differs. */
  untilConverged: () => Promise<string | null>;
}

export interface Sides extends AsyncDisposable {
  direct: Side;
  proxied: Side;
}

const mirrored = ['Account', 'Contact'];
const intervalMs = 3_000;
/** Few enough that a query of all contacts has several pages. */
const pageRows = 150;
const convergenceLooks = 300;
const lookEveryMs = 100;

export async function openSides(): Promise<Sides> {
  await using undo = new AsyncDisposableStack();
  let twin: TestOrg | undefined;
  const harness = undo.use(
    await openEndToEndHarness({
      org: { records: 1_500 },
      sobjects: mirrored,
      intervalMs,
      async prepare(org) {
        twin = await org.twin();
      },
    }),
  );
  assert(twin);
  const direct = undo.use(twin);
  harness.startWorker();
  await harness.untilComplete();
  for (const org of [direct, harness.org])
    await org.control('/queries/cut', { sobject: 'Contact', rows: [pageRows] });
  const sides = { direct: await openDirect(direct, undo), proxied: await openProxied(harness, undo) };
  const ends = undo.move();
  return { ...sides, [Symbol.asyncDispose]: () => ends.disposeAsync() };
}

async function openDirect(org: TestOrg, undo: AsyncDisposableStack): Promise<Side> {
  const relay = undo.use(await openRecordingRelay(new URL(org.url), async () => undefined));
  return {
    org,
    relay,
    base: (form) => `http://${form === 'host' ? 'org.localhost' : '127.0.0.1'}:${relay.port}`,
    takeBroken: () => [],
    untilConverged: async () => null,
  };
}

async function openProxied(harness: EndToEndHarness, undo: AsyncDisposableStack): Promise<Side> {
  const { org, sync } = harness;
  const appliedCheck = await openAppliedCheck(harness);
  let broken: string[] = [];
  const look = async ({ method, path, requestBody, body, applied }: Exchange) => {
    if (applied !== 'yes') return;
    try {
      await appliedCheck.check({ method, path, body: requestBody }, body);
    } catch (error) {
      broken.push(`${method} ${path}: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  const relay = undo.use(await openRecordingRelay(new URL(harness.base), look));
  return {
    org,
    relay,
    base: (form) =>
      form === 'host'
        ? `http://${sync.id}.localhost:${relay.port}`
        : `http://127.0.0.1:${relay.port}/${sync.id}`,
    takeBroken() {
      const taken = broken;
      broken = [];
      return taken;
    },
    untilConverged: () => untilConverged(harness),
  };
}

async function untilConverged(harness: EndToEndHarness): Promise<string | null> {
  const token = await signIn(harness.org.url, harness.org.credentials, 'integration');
  let different = '';
  for (let looks = 0; looks < convergenceLooks; looks++) {
    different = await differences(harness, token);
    if (different === '') return null;
    await systemClock.sleep(lookEveryMs);
  }
  return different;
}

async function differences(harness: EndToEndHarness, token: string): Promise<string> {
  const found: string[] = [];
  for (const stream of await mirroredStreams(harness.admin)) {
    const { different } = await compareStream(harness.admin, harness.org, token, stream);
    if (different.length > 0) found.push(`${stream.sobject}: ${JSON.stringify(different)}`);
  }
  return found.join('\n');
}
