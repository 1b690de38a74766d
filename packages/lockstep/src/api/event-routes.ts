/** Syncs and operations as they change. */
import { systemClock } from '@lockstep/foundation/clock';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { followWork, readWork } from '../operations/sync-work.ts';
import type { ApiInstance } from './api-instance.ts';
import { type EventStream, eventStreams, eventsAnswer } from './event-stream.ts';
import { openLiveFeed } from './live-feed.ts';
import { numbered } from './operation-routes.ts';
import { problemAnswers, problemOf } from './problems.ts';
import { namedSync, requiredSync, type SyncRouteDeps } from './sync-routes.ts';

type Begin = ReturnType<typeof eventStreams>;

export const eventRoutes: FastifyPluginAsyncZod<SyncRouteDeps> = async (app, deps) => {
  const begin = eventStreams(deps.stop);
  watchSyncRoute(app, deps, begin);
  watchOperationRoute(app, deps, begin);
};

function watchSyncRoute(app: ApiInstance, deps: SyncRouteDeps, begin: Begin): void {
  const feed = openLiveFeed({ ...deps, clock: systemClock }, deps.stop);
  const schema = {
    operationId: 'watchSync',
    summary: 'A sync and its objects as they change',
    description:
      'Server-sent events: `sync` and `object` with the same data as their routes, at first for everything and then at each change; `activity` with an entry of `listActivity` when something happens; `problem` while nothing can be read; `deleted` at the end.',
    tags: ['syncs'],
    params: namedSync,
    response: { 200: eventsAnswer, ...problemAnswers },
  };
  app.get('/syncs/:sync/events', { schema }, async (request, reply) => {
    const { id } = await requiredSync(deps.control, request.params.sync);
    const stream = begin(request, reply);
    if (stream.closed.aborted) return;
    const unwatch = feed.watch(id, ({ type, data }) => {
      stream.send(type, data);
      if (type === 'deleted') stream.end();
    });
    stream.closed.addEventListener('abort', unwatch, { once: true });
  });
}

function watchOperationRoute(app: ApiInstance, { control }: SyncRouteDeps, begin: Begin): void {
  const schema = {
    operationId: 'watchOperation',
    summary: 'An operation until its end',
    description:
      'Server-sent events: `operation` with the data of its route, whenever its progress may have changed and at its end; `problem` if nobody works on it: the operation stays, and is done when its sync runs.',
    tags: ['operations'],
    params: numbered,
    response: { 200: eventsAnswer, ...problemAnswers },
  };
  app.get('/operations/:operation/events', { schema }, async (request, reply) => {
    const id = Number(request.params.operation);
    await readWork(control, id); // a number that is wrong is answered as such
    const stream = begin(request, reply);
    await follow(id, stream, request.id);
  });

  async function follow(id: number, stream: EventStream, requestId: string): Promise<void> {
    try {
      await followWork(control, id, (work) => stream.send('operation', work), stream.closed);
    } catch (error) {
      if (!stream.closed.aborted) stream.send('problem', problemOf(error, requestId));
    }
    stream.end();
  }
}
