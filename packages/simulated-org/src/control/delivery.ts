import { once } from 'node:events';
import type { ServerResponse } from 'node:http';

/** How a finished answer is sent: other headers, a body that comes slowly or in part, or no answer. */
export interface Delivery {
  isReset?: boolean;
  /** Null leaves a header out. */
  headers?: Readonly<Record<string, string | null>>;
  truncate?: { bytes: number; end: 'reset' | 'close' | 'complete' };
  bytesPerSecond?: number;
}

/** The kernel resets at once: what was written but not yet sent is lost. */
export const resetConnection = (response: ServerResponse): void => void response.socket?.resetAndDestroy();

export function changeHeaders(response: ServerResponse, { headers = {} }: Delivery): void {
  for (const [name, value] of Object.entries(headers)) {
    if (value !== null) response.setHeader(name, value);
    else {
      response.removeHeader(name);
      if (name.toLowerCase() === 'date') response.sendDate = false;
    }
  }
}

type Sleep = (ms: number) => Promise<void>;

/** Sends the body as the fault says, and ends the answer or its connection. */
export async function deliver(
  response: ServerResponse,
  body: AsyncIterable<Buffer>,
  { truncate, bytesPerSecond }: Delivery,
  sleep: Sleep,
): Promise<void> {
  let left = truncate?.bytes ?? Number.POSITIVE_INFINITY;
  if (truncate?.end === 'complete' && response.hasHeader('Content-Length'))
    response.setHeader('Content-Length', Math.min(left, Number(response.getHeader('Content-Length'))));
  response.flushHeaders();
  for await (const piece of bytesPerSecond === undefined ? body : trickle(body, bytesPerSecond, sleep)) {
    const part = piece.subarray(0, left);
    left -= part.length;
    if (part.length > 0 && !(await written(response, part))) return;
    if (left === 0) break;
  }
  const end = left === 0 ? truncate?.end : 'complete';
  if (end === 'reset') resetConnection(response);
  else if (end === 'close') response.socket?.destroySoon();
  else response.end();
}

/** Resolves when the kernel has taken the part; false if the client has disconnected. */
async function written(response: ServerResponse, part: Buffer): Promise<boolean> {
  if (response.destroyed) return false;
  const left = new AbortController();
  const taken = new Promise<void>((resolve) => response.write(part, () => resolve()));
  const gone = once(response, 'close', { signal: left.signal }).catch(() => undefined);
  await Promise.race([taken, gone]);
  left.abort();
  return !response.destroyed;
}

const piecesPerSecond = 10;

async function* trickle(
  body: AsyncIterable<Buffer>,
  bytesPerSecond: number,
  sleep: Sleep,
): AsyncGenerator<Buffer> {
  const pieceBytes = Math.max(1, Math.floor(bytesPerSecond / piecesPerSecond));
  for await (const chunk of body) {
    for (let at = 0; at < chunk.length; at += pieceBytes) {
      const piece = chunk.subarray(at, at + pieceBytes);
      await sleep((piece.length * 1000) / bytesPerSecond);
      yield piece;
    }
  }
}
