import type { Socket } from 'node:net';
import { openTcpRelay } from '@lockstep/harness/tcp-relay';

/**
 * Sits between Lockstep and the org like a wire: it forwards every byte, resets included, and records for each client
 * write how often it was sent and what the org answered. A write is recognized by its client name in
 * `Sforce-Call-Options`.
 */
export interface WireTap extends AsyncDisposable {
  url: string;
  /** Returns the answer to the write and forgets it; undefined if none came. */
  take(write: number): WireAnswer | undefined;
}

/** An answer as it came over the wire. */
export interface WireAnswer {
  status: number;
  /** Names and values alternately. */
  headers: readonly string[];
  body: Buffer;
  /** All announced bytes have come. */
  isWhole: boolean;
}

/** The client name by which a write is recognized. */
export const clientName = (write: number): string => `write-${write}`;
export const writeOfClient = (name: string | null): number | null => {
  const number = /^write-(\d+)$/.exec(name ?? '')?.[1];
  return number === undefined ? null : Number(number);
};

const headEnd = Buffer.from('\r\n\r\n');
/** How many sent writes are remembered. */
const rememberedMax = 10_000;

/** @param onRepeat  called each time a write is sent again */
export async function openWireTap(
  org: { host: string; port: number },
  onRepeat: (write: number) => void,
): Promise<WireTap> {
  const sent = new Set<number>();
  const answers = new Map<number, Buffer[]>();

  const begin = (head: Buffer): Buffer[] | null => {
    const name = /^sforce-call-options:[^\r\n]*\bclient=(write-\d+)/im.exec(head.toString('latin1'))?.[1];
    const write = writeOfClient(name ?? null);
    if (write === null) return null;
    if (sent.has(write)) onRepeat(write);
    sent.add(write);
    for (const first of sent) {
      if (sent.size <= rememberedMax) break;
      sent.delete(first);
      answers.delete(first);
    }
    const answer: Buffer[] = [];
    answers.set(write, answer);
    return answer;
  };

  const relay = await openTcpRelay(org, (near, far) => join(near, far, begin), { allowHalfOpen: true });
  return {
    url: `http://127.0.0.1:${relay.port}`,
    take(write) {
      const bytes = answers.get(write);
      answers.delete(write);
      return bytes && answerOf(Buffer.concat(bytes));
    },
    [Symbol.asyncDispose]: () => relay[Symbol.asyncDispose](),
  };
}

/**
 * Joins two sockets, one request after the other: no client of the org sends the next before the last answer has begun.
 * `begin` gets the head of each request and returns where to record its answer.
 */
function join(near: Socket, far: Socket, begin: (head: Buffer) => Buffer[] | null): void {
  let head: Buffer | null = Buffer.alloc(0); // null: the rest of the request
  let noted: Buffer[] | null = null;
  let isAnswering = false;
  near.on('data', (chunk) => {
    if (isAnswering) [head, noted, isAnswering] = [Buffer.alloc(0), null, false];
    if (head) {
      head = Buffer.concat([head, chunk]);
      if (head.includes(headEnd)) [noted, head] = [begin(head), null];
    }
    if (!far.write(chunk)) near.pause();
  });
  far.on('data', (chunk) => {
    isAnswering = true;
    noted?.push(chunk);
    if (!near.write(chunk)) far.pause();
  });
  for (const [one, other] of [
    [near, far],
    [far, near],
  ] as const) {
    one.on('drain', () => other.resume());
    one.on('end', () => other.end());
    one.on('error', () => other.resetAndDestroy());
    one.on('close', () => other.destroySoon());
  }
}

function answerOf(bytes: Buffer): WireAnswer | undefined {
  const end = bytes.indexOf(headEnd);
  if (end < 0) return undefined;
  const [first = '', ...lines] = bytes.subarray(0, end).toString('latin1').split('\r\n');
  const headers = lines.flatMap((line) => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon), line.slice(colon + 1).trim()];
  });
  const body = bytes.subarray(end + headEnd.length);
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(first)?.[1]);
  const place = headers.findIndex((name, at) => at % 2 === 0 && name.toLowerCase() === 'content-length');
  const announced = place < 0 ? 0 : Number(headers[place + 1]);
  return { status, headers, body, isWhole: body.length === announced };
}
