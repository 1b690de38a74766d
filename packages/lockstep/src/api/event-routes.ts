/** A sync as it changes, by server-sent events (HTML standard, 9.2). */
import { systemClock } from '@lockstep/foundation/clock';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { Fault } from '../core/faults.ts';
import { openLiveFeed } from './live-feed.ts';
import { problemAnswers } from './problems.ts';
import { namedSync, requiredSync, type SyncRouteDeps } from './sync-routes.ts';

/** So that a balancer does not take a quiet stream for a dead one. */
const beatEveryMs = 5_000;
const streamsMax = 200;
/** What a reader who does not read may have waiting. */
const waitingBytesMax = 1_000_000;

export const eventRoutes: FastifyPluginAsyncZod<SyncRouteDeps> = async (app, deps) => {
  const feed = openLiveFeed({ ...deps, clock: systemClock }, deps.stop);
  let streams = 0;
  const schema = {
    operationId: 'watchSync',
    summary: 'A sync and its objects as they change',
    description:
      'Server-sent events: `sync` and `object` with the same data as their routes, at first for everything and then at each change; `problem` while nothing can be read; `deleted` at the end.',
    tags: ['syncs'],
    params: namedSync,
    response: {
      200: { description: 'Events', content: { 'text/event-stream': { schema: z.string() } } },
      ...problemAnswers,
    },
  };
  app.get('/syncs/:sync/events', { schema }, async ({ params, raw: request }, reply) => {
    const sync = await requiredSync(deps.control, params.sync);
    if (streams >= streamsMax) throw new Fault('API-09');
    const { raw: response } = reply.hijack();
    streams += 1;
    response.writeHead(200, {
      ...(reply.getHeaders() as Record<string, string>),
      'Content-Type': 'text/event-stream',
      Connection: 'keep-alive',
    });
    const write = (text: string) => {
      if (response.writableLength > waitingBytesMax) response.destroy();
      else response.write(text);
    };
    const beat = setInterval(() => write(': alive\n\n'), beatEveryMs);
    const end = () => response.end();
    const unwatch = feed.watch(sync.id, ({ type, data }) => {
      write(`event: ${type}\ndata: ${JSON.stringify(data)}\n\n`);
      if (type === 'deleted') end();
    });
    deps.stop.addEventListener('abort', end, { once: true });
    request.once('close', () => {
      streams -= 1;
      clearInterval(beat);
      unwatch();
      deps.stop.removeEventListener('abort', end);
    });
  });
};
