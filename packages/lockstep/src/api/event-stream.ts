/** An answer of server-sent events (HTML standard, 9.2). */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { Fault } from '../core/faults.ts';

/** So that a balancer does not take a quiet stream for a dead one, and that who has lost the right to see it sees no more. */
const beatEveryMs = 5_000;
const streamsMax = 200;
/** What a reader who does not read may have waiting. */
const waitingBytesMax = 1_000_000;

/** Of each route that answers with events. */
export const eventsAnswer = {
  description: 'Events',
  content: {
    'text/event-stream': {
      schema: z.object({ event: z.string(), data: z.string().describe('JSON') }).describe('Of one event.'),
    },
  },
};

export interface EventStream {
  send(type: string, data: object): void;
  end(): void;
  /** Aborts when the reader is gone, or when the server stops. It may be so from the beginning. */
  closed: AbortSignal;
}

/** @returns what begins a stream; together they serve up to {@link streamsMax} readers */
export function eventStreams(
  stop: AbortSignal,
): (request: FastifyRequest, reply: FastifyReply) => EventStream {
  let streams = 0;
  /** @throws {@link Fault} `API-09`: there are too many readers */
  return ({ caller }, reply) => {
    if (streams >= streamsMax) throw new Fault('API-09');
    const { raw: response } = reply.hijack();
    streams += 1;
    response.writeHead(200, {
      ...(reply.getHeaders() as Record<string, string>),
      'Content-Type': 'text/event-stream',
      Connection: 'keep-alive',
    });
    const closed = new AbortController();
    const write = (text: string) => {
      if (response.writableLength > waitingBytesMax) response.destroy();
      else if (!response.destroyed) response.write(text);
    };
    const end = () => response.end();
    const beat = setInterval(() => {
      write(': alive\n\n');
      // A database that does not answer decides nothing.
      caller.isStillAllowed().then(
        (isAllowed) => isAllowed || end(),
        () => undefined,
      );
    }, beatEveryMs);
    const leave = () => {
      streams -= 1;
      clearInterval(beat);
      stop.removeEventListener('abort', end);
      closed.abort();
    };
    stop.addEventListener('abort', end, { once: true });
    // A reader may have left while it was looked up what it wants to see: no event tells that any more.
    if (response.destroyed) leave();
    else response.once('close', leave);
    return {
      send: (type, data) => write(`event: ${type}\ndata: ${JSON.stringify(data)}\n\n`),
      end,
      closed: closed.signal,
    };
  };
}
