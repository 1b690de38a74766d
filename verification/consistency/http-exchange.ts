import { Agent, request } from 'node:http';
import type { ClientAnswer } from './wire-check.ts';

/** One request as a client of the proxy sends it. */
export interface HttpRequest {
  method: string;
  url: string;
  headers: Record<string, string>;
  body: string | null;
  /** The client disconnects this long after sending its request. */
  leavesAfterMs?: number | undefined;
}

export const openAgent = (connections: number): Agent =>
  new Agent({ keepAlive: true, maxSockets: connections });

/** Null if nobody listens, so nothing was sent. Never sends twice, which undici might do. */
export function exchange(agent: Agent, asked: HttpRequest): Promise<ClientAnswer | null> {
  const { method, url, headers, body, leavesAfterMs } = asked;
  return new Promise((resolve) => {
    const length = body === null ? {} : { 'Content-Length': String(Buffer.byteLength(body)) };
    const outgoing = request(url, { agent, method, headers: { ...headers, ...length } }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.once('close', () => {
        if (!answer.complete) return resolve({ kind: 'none' });
        const { statusCode: status = 0, rawHeaders } = answer;
        resolve({ kind: 'answer', status, headers: rawHeaders, body: Buffer.concat(chunks) });
      });
      answer.on('error', () => undefined); // 'close' follows
    });
    outgoing.once('error', (error: Error & { code?: string }) => {
      resolve(error.code === 'ECONNREFUSED' ? null : { kind: 'none' });
    });
    if (leavesAfterMs !== undefined) {
      const timer = setTimeout(() => outgoing.destroy(), leavesAfterMs);
      outgoing.once('close', () => clearTimeout(timer));
    }
    outgoing.end(body);
  });
}
