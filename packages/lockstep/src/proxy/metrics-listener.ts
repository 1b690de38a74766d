import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { listenFrom, urlOf } from '@lockstep/foundation/listen-from';
import type { ProxyMetrics } from './metrics.ts';

export interface MetricsListener {
  url: string;
  port: number;
  close(): Promise<void>;
}

/** On a port of its own: not everybody who may send requests may see the metrics of all syncs. */
export async function startMetrics(
  metrics: ProxyMetrics,
  { host, port: preferred }: { host: string; port: number },
): Promise<MetricsListener> {
  const server = createServer({ maxHeaderSize: 8_192, headersTimeout: 5_000 }, (request, response) => {
    void answer(metrics, request, response);
  });
  const port = await listenFrom(server, host, preferred);
  return {
    url: `${urlOf('http', host, port)}/metrics`,
    port,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

async function answer(
  metrics: ProxyMetrics,
  { method = '', url = '' }: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  response.on('error', () => undefined); // the client disconnected
  const isAsked = (method === 'GET' || method === 'HEAD') && url.split('?')[0] === '/metrics';
  if (!isAsked) {
    response.writeHead(404).end();
    return;
  }
  try {
    const text = await metrics.text();
    response.writeHead(200, { 'Content-Type': metrics.contentType, 'Cache-Control': 'no-store' }).end(text);
  } catch {
    response.writeHead(500).end();
  }
}
