import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse, request as send } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * Stands between a client and the org or the proxy, so that the exchanges of a client that shows nobody its HTTP are
 * known. It passes each request on with its own headers; only the port in Host is the server's.
 */
export interface RecordingRelay extends AsyncDisposable {
  port: number;
  /** The exchanges since the last call. */
  take(): Exchange[];
}

export interface Exchange {
  method: string;
  /** As sent, with whatever stands before `/services`. */
  path: string;
  requestBody: string;
  status: number;
  /** The value of `Lockstep-Applied`. */
  applied: string | null;
  body: Buffer;
}

/** @param onAnswer  the client gets the answer when this has ended */
export async function openRecordingRelay(
  to: URL,
  onAnswer: (exchange: Exchange) => Promise<void>,
): Promise<RecordingRelay> {
  let exchanges: Exchange[] = [];
  const relay = async (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const requestBody = await bytesOf(incoming);
    const answer = await pass(to, incoming, requestBody);
    const exchange: Exchange = {
      method: incoming.method ?? '',
      path: incoming.url ?? '',
      requestBody: requestBody.toString(),
      status: answer.statusCode ?? 0,
      applied: answer.headers['lockstep-applied']?.toString() ?? null,
      body: await bytesOf(answer),
    };
    exchanges.push(exchange);
    await onAnswer(exchange);
    outgoing.writeHead(exchange.status, answer.statusMessage, answer.rawHeaders);
    outgoing.end(exchange.body);
  };
  const server = createServer((incoming, outgoing) => {
    relay(incoming, outgoing).catch(() => outgoing.destroy()); // as the server's own broken connection would look
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    take() {
      const taken = exchanges;
      exchanges = [];
      return taken;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function pass(to: URL, incoming: IncomingMessage, body: Buffer): Promise<IncomingMessage> {
  const { rawHeaders } = incoming;
  const headers = rawHeaders.map((text, at) =>
    at % 2 === 1 && rawHeaders[at - 1]?.toLowerCase() === 'host'
      ? text.replace(/:\d+$/, `:${to.port}`)
      : text,
  );
  const outgoing = send({
    host: to.hostname,
    port: to.port,
    method: incoming.method,
    path: incoming.url,
    headers,
    setHost: false,
    agent: false,
  });
  outgoing.end(body);
  const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
  return answer;
}

async function bytesOf(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
