/** The objects of a sync: their state, adding and removing them while it runs. */
import { systemClock } from '@lockstep/foundation/clock';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { columnsSchema } from '../contract/columns.ts';
import { pageOf, pageQuery } from '../contract/pages.ts';
import {
  addedObjectsSchema,
  addObjectsSchema,
  objectSchema,
  removalSchema,
  syncSchema,
} from '../contract/syncs.ts';
import { onBehalfOf } from '../control/index.ts';
import { addObjects, checkRemoval, removeObject } from '../operations/change-objects.ts';
import { columnsOf } from '../operations/column-view.ts';
import { objectView } from '../operations/object-view.ts';
import { plannedObjectViews } from '../operations/planned-object-view.ts';
import { readSyncStatus } from '../operations/sync-status.ts';
import type { ApiInstance } from './api-instance.ts';
import { addIdempotency, idempotencyHeaders } from './idempotency.ts';
import { pageFrom } from './pages.ts';
import { problemAnswers } from './problems.ts';
import { dryRun, namedSync, requiredSync, type SyncRouteDeps, viewOf } from './sync-routes.ts';

const tags = ['objects'];

export const objectRoutes: FastifyPluginAsyncZod<SyncRouteDeps> = async (app, deps) => {
  listRoute(app, deps);
  columnsRoute(app, deps);
  addRoute(app, deps);
  removeRoute(app, deps);
};

function listRoute(app: ApiInstance, { control, rates }: SyncRouteDeps): void {
  const schema = {
    operationId: 'listObjects',
    summary: 'The objects of a sync, with the state of each',
    tags,
    params: namedSync,
    querystring: pageQuery,
    response: { 200: pageOf(objectSchema), ...problemAnswers },
  };
  app.get('/syncs/:sync/objects', { schema }, async ({ params, query }) => {
    const seen = await readSyncStatus(control, await requiredSync(control, params.sync), rates);
    if (seen.unread) throw seen.unread;
    const page = pageFrom(seen.objects, ({ sobject }) => sobject, query, seen.now);
    return { ...page, items: page.items.map((object) => objectView(object, seen)) };
  });
}

const namedObject = namedSync.extend({ object: z.string().max(100) });

function columnsRoute(app: ApiInstance, { control }: SyncRouteDeps): void {
  const schema = {
    operationId: 'listColumns',
    summary: "The columns of an object's table, with the field and the state of each",
    tags,
    params: namedObject,
    response: { 200: columnsSchema, ...problemAnswers },
  };
  app.get('/syncs/:sync/objects/:object/columns', { schema }, async ({ params }) =>
    columnsOf(control, await requiredSync(control, params.sync), params.object),
  );
}

function addRoute(app: ApiInstance, deps: SyncRouteDeps): void {
  const attemptOf = addIdempotency(app, deps.control);
  const schema = {
    operationId: 'addObjects',
    summary: 'Adds objects to a sync while it runs',
    description:
      'Their tables are made, and a running sync copies them at once; its other tables keep their pace. Objects that it mirrors already are left alone. With dry_run nothing is made. `GET /requests/KEY` tells how far it is.',
    tags,
    params: namedSync,
    querystring: dryRun,
    headers: idempotencyHeaders,
    body: addObjectsSchema,
    response: { 200: addedObjectsSchema, ...problemAnswers },
  };
  const config = { audit: { members: ['objects'] } };
  app.post('/syncs/:sync/objects', { schema, config }, async (request, reply) => {
    const { params, query, body } = request;
    const { control, log, allowHosts, stop } = deps;
    const sync = await requiredSync(control, params.sync);
    const isDryRun = query.dry_run === 'true';
    const options = { allowHosts, isDryRun, report: attemptOf(request).report };
    const added = await addObjects({ control, clock: systemClock, log }, sync, body.objects, options, stop);
    return reply.send({ objects: plannedObjectViews(added) });
  });
}

function removeRoute(app: ApiInstance, deps: SyncRouteDeps): void {
  const schema = {
    operationId: 'removeObject',
    summary: 'Removes an object from a sync while it runs',
    description:
      'Its table stays as it is, unless drop_table is true and nothing of somebody else’s depends on it. Done by the sync, when it runs. With dry_run it is only looked at, and answered with 200.',
    tags,
    params: namedObject,
    querystring: dryRun.extend({
      drop_table: z.enum(['true', 'false']).default('false').describe('Whether its table is dropped too.'),
    }),
    response: { 200: removalSchema, 202: syncSchema, ...problemAnswers },
  };
  app.delete('/syncs/:sync/objects/:object', { schema }, async ({ params, query, caller }, reply) => {
    const sync = await requiredSync(deps.control, params.sync);
    const dropsTable = query.drop_table === 'true';
    if (query.dry_run === 'true') return checkRemoval(deps.control, sync, params.object, dropsTable);
    await removeObject(onBehalfOf(deps.control, caller.who), sync, params.object, dropsTable);
    return reply.code(202).send(await viewOf(deps, await requiredSync(deps.control, sync.id)));
  });
}
