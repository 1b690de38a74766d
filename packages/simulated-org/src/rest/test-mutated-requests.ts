import { connect } from 'node:net';
import type { Random } from '@lockstep/foundation/random';
import type { TestOrg } from '@lockstep/harness/org';
import { type Mutated, mutate } from './test-mutations.ts';
import { soundRequests } from './test-sound-requests.ts';

export interface Answered {
  status: number;
  contentType: string;
  body: string;
}

/**
 * Sends `count` requests that a real client could send, each with something wrong in its path, headers, JSON, SOQL or
 * CSV, four at a time. They are sent as bytes, since an HTTP library would refuse half of them. The same random
 * numbers send the same requests.
 *
 * @param check  gets each answer and throws if it is not valid
 */
export async function sendMutated(
  org: TestOrg,
  ids: Readonly<Record<string, string>>,
  { count, random }: { count: number; random: Random },
  check: (request: Mutated, answer: Answered) => void,
): Promise<void> {
  const sound = soundRequests(org, ids);
  const token = await org.token('demo');
  const requests = Array.from({ length: count }, () => mutate(random.pick(sound), random));
  const next = requests.values();
  const sender = async () => {
    for (const request of next) check(request, await send(org.url, token, request));
  };
  await Promise.all([sender(), sender(), sender(), sender()]);
}

const answerMsMax = 20_000;

function send(url: string, token: string, { method, path, headers, body }: Mutated): Promise<Answered> {
  const { hostname, port, host } = new URL(url);
  const lines = Object.entries({
    Host: host,
    Authorization: `Bearer ${token}`,
    Connection: 'close',
    ...(body !== '' && { 'Content-Length': String(Buffer.byteLength(body)) }),
    ...headers,
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect(Number(port), hostname);
    const read = () => readAnswer(Buffer.concat(chunks));
    // If the headers say chunked and the body is not, the org may wait for more of it.
    const giveUp = setTimeout(() => socket.end(), 'Transfer-Encoding' in headers ? 1000 : answerMsMax);
    socket.setTimeout(answerMsMax, () => socket.destroy(new Error('no answer in time')));
    socket.on('connect', () => socket.write(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n${body}`));
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      // The org closes the connection at once if the bytes are not HTTP, and may have answered first.
      if (error.code === 'ECONNRESET' || error.code === 'EPIPE') resolve(read());
      else reject(error);
    });
    socket.on('close', () => {
      clearTimeout(giveUp);
      resolve(read());
    });
  });
}

/** Status 0 if the connection ended without an answer. */
function readAnswer(bytes: Buffer): Answered {
  const text = bytes.toString('latin1');
  const end = text.indexOf('\r\n\r\n');
  const head = end < 0 ? text : text.slice(0, end);
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1] ?? 0);
  const contentType = /^content-type: *(.*)$/im.exec(head)?.[1]?.trim() ?? '';
  const isChunked = /^transfer-encoding: *chunked/im.test(head);
  const body = bytes.subarray(end < 0 ? bytes.length : end + 4);
  return { status, contentType, body: (isChunked ? unchunked(body) : body).toString() };
}

function unchunked(body: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < body.length; ) {
    const lineEnd = body.indexOf('\r\n', at);
    const size = Number.parseInt(body.subarray(at, lineEnd).toString('latin1'), 16);
    if (lineEnd < 0 || !size) break;
    parts.push(body.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = lineEnd + 4 + size;
  }
  return Buffer.concat(parts);
}
