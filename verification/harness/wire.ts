import type { Socket, TcpNetConnectOpts } from 'node:net';
import { assert } from '@lockstep/foundation/assert';
import { systemClock } from '@lockstep/foundation/clock';
import { openTcpRelay } from './tcp-relay.ts';

/** What the wire does to answers, from the moment it is set. */
export type WireFault =
  /** Cuts the next answer after this many bytes: its connection is reset, or ended as if the answer were complete. */
  | { kind: 'cut'; afterBytes: number; by: 'reset' | 'end' }
  /** Every answer comes in pieces of this size. */
  | { kind: 'slice'; bytes: number }
  /** Nothing arrives any more, and no connection is closed: the other side has vanished. */
  | { kind: 'silence' }
  /** The next request with this text is executed; its answer is lost, and the connection with it. */
  | { kind: 'lose'; answerTo: string };

/** A TCP connection that misbehaves as the test says, between a client and a real server on this machine. */
export interface Wire extends AsyncDisposable {
  port: number;
  /** In force until the next call; null repairs the wire. Connections that were silent are dropped. */
  setFault(fault: WireFault | null): void;
  /** Resolves when the current fault has hit an answer. */
  untilHit(): Promise<void>;
}

export async function openWire(to: TcpNetConnectOpts): Promise<Wire> {
  const state: State = { fault: null, hasMet: false };
  const relay = await openTcpRelay(to, (client, upstream) => join(client, upstream, state));
  return {
    port: relay.port,
    setFault(fault) {
      if (state.fault?.kind === 'silence') relay.drop();
      state.fault = fault;
      state.hasMet = false;
    },
    async untilHit() {
      for (let looks = 0; looks < looksMax && !state.hasMet; looks++) await systemClock.sleep(lookEveryMs);
      assert(state.hasMet, 'nothing met the fault of the wire');
    },
    [Symbol.asyncDispose]: () => relay[Symbol.asyncDispose](),
  };
}

/** In real milliseconds. */
const lookEveryMs = 5;
const looksMax = 2_000;

interface State {
  fault: WireFault | null;
  hasMet: boolean;
}

function join(client: Socket, upstream: Socket, state: State): void {
  const isSilent = () => state.fault?.kind === 'silence';
  let isAnswerLost = false;
  let sent = 0;
  let sending = Promise.resolve();

  client.on('data', (bytes) => {
    const { fault } = state;
    isAnswerLost ||= fault?.kind === 'lose' && !state.hasMet && bytes.includes(fault.answerTo);
    sent = 0; // the next answer begins
    upstream.write(bytes);
  });
  upstream.on('data', (bytes) => {
    const { fault } = state;
    state.hasMet ||= fault !== null && (fault.kind !== 'lose' || isAnswerLost);
    if (isAnswerLost) return client.resetAndDestroy();
    if (fault?.kind === 'silence') return;
    if (fault?.kind === 'cut') {
      const part = bytes.subarray(0, Math.max(0, fault.afterBytes - sent));
      sent += bytes.length;
      return sent < fault.afterBytes ? void client.write(part) : cut(client, part, fault.by);
    }
    const pieces = fault?.kind === 'slice' ? fault.bytes : bytes.length;
    sending = sending.then(() => sendInPieces(client, bytes, pieces));
  });
  client.on('end', () => upstream.end());
  upstream.on('end', () => {
    if (!isSilent()) void sending.then(() => client.end());
  });
  for (const [one, other] of [
    [client, upstream],
    [upstream, client],
  ] as const) {
    one.on('error', () => undefined); // 'close' follows
    one.on('close', () => {
      if (!isSilent()) other.destroy();
    });
  }
}

/** A reset discards data that is not yet sent: the part must be written first. */
function cut(client: Socket, part: Buffer, by: 'reset' | 'end'): void {
  client.write(part, () => {
    if (by === 'end') client.destroySoon();
    else client.resetAndDestroy();
  });
}

/** A turn of the event loop between two pieces sends them as two packets, since Nagle's algorithm is off. */
async function sendInPieces(client: Socket, bytes: Buffer, size: number): Promise<void> {
  for (let at = 0; at < bytes.length && !client.destroyed; at += size) {
    client.write(bytes.subarray(at, at + size));
    if (size < bytes.length) await new Promise(setImmediate);
  }
}
