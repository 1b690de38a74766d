/**
 * Two hundred strangers who know a sync's address and its org's Id, and make up tokens. Runs as a process of its own, so
 * that what they do costs the measured caller nothing but what the proxy spends on them. Ends with its standard input.
 */
import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { newSyncId } from 'lockstep/core/ids';

const [proxyUrl = '', syncId = '', orgId = '', kind = ''] = process.argv.slice(2);
const { hostname, port } = new URL(proxyUrl);
const strangers = 200;
const pauseMs = 20;

const data = '/services/data/v62.0';
const bearer = () => `${orgId.slice(0, 15)}!${randomBytes(40).toString('base64url')}`;

function requestText(method: string, path: string, body: Buffer, headers: readonly string[] = []): Buffer {
  const lines = [
    `${method} ${path} HTTP/1.1`,
    `Host: ${hostname}`,
    `Authorization: Bearer ${bearer()}`,
    'Content-Type: application/json',
    `Content-Length: ${body.length}`,
    ...headers,
  ];
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), body]);
}

const zipped = (body: string) => gzipSync(Buffer.from(body));
const nested = zipped(`{"compositeRequest":${'['.repeat(4_000_000)}`);
const subrequests = zipped(
  JSON.stringify({
    compositeRequest: Array.from({ length: 60_000 }, () => ({
      method: 'PATCH',
      url: `${data}/sobjects/Account/001`,
      referenceId: 'a',
    })),
  }),
);
const tree = zipped(
  `{"records":[{"attributes":{"type":"Account","referenceId":"a"}${Array.from({ length: 400_000 }, (_, at) => `,"${at}":{}`).join('')}}]}`,
);
const inZip = ['Content-Encoding: gzip'];
const nothing = Buffer.alloc(0);

/** What one stranger sends at a time; what comes back is thrown away. */
const attacks: Record<string, (place: number) => Buffer> = {
  nested: () => requestText('POST', `/${syncId}${data}/composite`, nested, inZip),
  subrequests: () => requestText('POST', `/${syncId}${data}/composite`, subrequests, inZip),
  tree: () => requestText('POST', `/${syncId}${data}/composite/tree/Account`, tree, inZip),
  writes: () =>
    requestText('PATCH', `/${syncId}${data}/sobjects/Account/001000000000001AAA`, Buffer.from('{}')),
  ids: () => requestText('GET', `/${newSyncId()}${data}/limits`, nothing),
  readiness: () => requestText('GET', '/readyz', nothing),
  pipelined: (place) =>
    Buffer.concat(
      Array.from({ length: 20 }, () =>
        requestText(
          'PATCH',
          `/${syncId}${data}/sobjects/Account/00100000000000${place % 10}AAA`,
          Buffer.from('{}'),
        ),
      ),
    ),
  // The head of a GET whose body never comes.
  'slow reads': () =>
    requestText('GET', `/${syncId}${data}/limits`, Buffer.alloc(50_000, ' ')).subarray(0, 400),
};

const attack = attacks[kind];
if (!attack) throw new Error(`no attack is called ${kind}`);

/** Sends, waits for any answer or the end of the connection, and does it again. */
async function attackAgainAndAgain(place: number): Promise<never> {
  for (;;) {
    const socket = connect(Number(port), hostname);
    socket.on('error', () => undefined);
    socket.write((attack as (place: number) => Buffer)(place));
    await answered(socket);
    socket.destroy();
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}

const answered = (socket: Socket) =>
  new Promise<void>((resolve) => {
    socket.once('data', () => resolve());
    socket.once('close', () => resolve());
  });

process.stdin.once('end', () => process.exit(0)).resume();
for (let place = 0; place < strangers; place++) void attackAgainAndAgain(place);
