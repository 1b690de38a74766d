/** A real load balancer before a server that holds answers back, breaks them off, or answers in the server's place. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What befalls the answer to a request. */
export type GatewayFault =
  | { kind: 'none' }
  | { kind: 'slow'; ms: number }
  /** The server itself fails in a way of no program: a JSON that has another form. */
  | { kind: 'internal error' }
  /** The page of a load balancer whose server is away. */
  | { kind: 'bad gateway' }
  /** A page with the status 200, such as that of a captive portal. */
  | { kind: 'foreign page' }
  /** Half of the true answer, and then the connection ends. */
  | { kind: 'half an answer' };

export interface FaultyGateway extends AsyncDisposable {
  url: string;
  /** From now on. @param fault  by the path of each request, with its query */
  behave(fault: (path: string) => GatewayFault): void;
}

const page = '<html><head><title>502 Bad Gateway</title></head><body><center>nginx</center></body></html>\n';
const none: GatewayFault = { kind: 'none' };

/** @param target  where the server is; it gets its own address as Host and Origin, as a load balancer would send it */
export async function openFaultyGateway(target: string): Promise<FaultyGateway> {
  let faultOf: (path: string) => GatewayFault = () => none;
  const timers = new Set<NodeJS.Timeout>();
  const server = createServer((incoming, answer) => {
    const fault = faultOf(incoming.url ?? '/');
    if (fault.kind === 'slow') {
      const timer = setTimeout(() => {
        timers.delete(timer);
        passOn(target, incoming, answer, false);
      }, fault.ms);
      timers.add(timer);
    } else if (fault.kind === 'internal error')
      answer.writeHead(500, { 'content-type': 'application/json' }).end('{"message":"boom"}');
    else if (fault.kind === 'bad gateway') answer.writeHead(502, { 'content-type': 'text/html' }).end(page);
    else if (fault.kind === 'foreign page') answer.writeHead(200, { 'content-type': 'text/html' }).end(page);
    else passOn(target, incoming, answer, fault.kind === 'half an answer');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    behave(next) {
      faultOf = next;
    },
    async [Symbol.asyncDispose]() {
      for (const timer of timers) clearTimeout(timer);
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function passOn(target: string, incoming: IncomingMessage, answer: ServerResponse, isHalf: boolean): void {
  const { host, origin } = new URL(target);
  const headers = { ...incoming.headers, host };
  if (headers.origin !== undefined) headers.origin = origin;
  const sent = request(new URL(incoming.url ?? '/', target), { method: incoming.method, headers });
  sent.once('error', () => answer.destroy());
  answer.once('close', () => sent.destroy());
  sent.once('response', (given) => {
    answer.writeHead(given.statusCode ?? 502, given.headers);
    if (!isHalf) given.pipe(answer);
    else
      given.once('data', (bytes: Buffer) => {
        answer.write(bytes.subarray(0, Math.ceil(bytes.length / 2)), () => answer.destroy());
        given.destroy();
      });
  });
  incoming.pipe(sent);
}
