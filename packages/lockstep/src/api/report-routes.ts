/** What a sync reports: whether it is healthy, what its requests were for, which records it could not store. */
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { freshnessPageSchema, freshnessQuery } from '../contract/freshness.ts';
import { checkSchema, retriedSchema, retrySchema, setAsideSchema, usageSchema } from '../contract/syncs.ts';
import { hoursQuery, usageHoursSchema } from '../contract/usage-hours.ts';
import { type Control, readUsage } from '../control/index.ts';
import { chosenObjects } from '../operations/chosen-objects.ts';
import { freshnessOf } from '../operations/freshness-view.ts';
import { withViews } from '../operations/open-mirror.ts';
import { readNow } from '../operations/read-objects.ts';
import { retrySetAside } from '../operations/retry-set-aside.ts';
import { readSetAsideOf, setAsideView } from '../operations/set-aside-view.ts';
import { checkHealth, readSyncStatus } from '../operations/sync-status.ts';
import { usageHours } from '../operations/usage-hours-view.ts';
import { usageView } from '../operations/usage-view.ts';
import type { ApiInstance } from './api-instance.ts';
import { problemAnswers } from './problems.ts';
import { namedSync, requiredSync } from './sync-routes.ts';

const tags = ['reports'];

export const reportRoutes: FastifyPluginAsyncZod<{ control: Control }> = async (app, { control }) => {
  checkRoute(app, control);
  usageRoute(app, control);
  usageHoursRoute(app, control);
  freshnessRoute(app, control);
  setAsideRoute(app, control);
  retryRoute(app, control);
};

function checkRoute(app: ApiInstance, control: Control): void {
  const schema = {
    operationId: 'checkSync',
    summary: 'Whether a sync runs and every object is complete, up to date and without gaps',
    tags,
    params: namedSync,
    querystring: z.object({
      max_age_ms: z.coerce
        .number()
        .min(0)
        .optional()
        .describe('How long ago an object may have been read, if less than a sync of its pace needs.'),
    }),
    response: { 200: checkSchema, ...problemAnswers },
  };
  app.get(
    '/syncs/:sync/check',
    { schema },
    async ({ params, query: { max_age_ms: maxAgeMs = Infinity } }) => {
      const seen = await readSyncStatus(control, await requiredSync(control, params.sync));
      const { reasons, notes } = checkHealth(seen, maxAgeMs);
      return { is_healthy: reasons.length === 0, reasons, notes };
    },
  );
}

function usageRoute(app: ApiInstance, control: Control): void {
  const schema = {
    operationId: 'getUsage',
    summary: 'What the requests of a sync are for, and how many of its daily requests the org has used',
    tags,
    params: namedSync,
    response: { 200: usageSchema, ...problemAnswers },
  };
  app.get('/syncs/:sync/usage', { schema }, async ({ params }) => {
    const sync = await requiredSync(control, params.sync);
    return usageView(sync, await readUsage(control, sync.id), await readNow(control.db));
  });
}

function usageHoursRoute(app: ApiInstance, control: Control): void {
  const schema = {
    operationId: 'listUsageHours',
    summary: 'What the requests of a sync were for, by hour, purpose and object, for 30 days',
    tags,
    params: namedSync,
    querystring: hoursQuery,
    response: { 200: usageHoursSchema, ...problemAnswers },
  };
  app.get('/syncs/:sync/usage/hours', { schema }, async ({ params, query }) =>
    usageHours(control, await requiredSync(control, params.sync), query),
  );
}

function freshnessRoute(app: ApiInstance, control: Control): void {
  const schema = {
    operationId: 'getFreshness',
    summary: 'How far each table of a sync was behind Salesforce: percentiles, for 30 days',
    tags,
    params: namedSync,
    querystring: freshnessQuery,
    response: { 200: freshnessPageSchema, ...problemAnswers },
  };
  app.get('/syncs/:sync/freshness', { schema }, async ({ params, query }) =>
    freshnessOf(control, await requiredSync(control, params.sync), query),
  );
}

function setAsideRoute(app: ApiInstance, control: Control): void {
  const schema = {
    operationId: 'listSetAside',
    summary: 'Records that the mirror cannot store as they are: which, why, and when they are tried again',
    tags,
    params: namedSync,
    querystring: z.object({
      objects: z
        .string()
        .min(1)
        .max(2_000)
        .optional()
        .describe('Only of these objects: API names, separated by commas.'),
      limit: z.coerce.number().int().min(1).max(100_000).default(100),
    }),
    response: { 200: setAsideSchema, ...problemAnswers },
  };
  app.get('/syncs/:sync/set-aside', { schema }, async ({ params, query: { objects, limit } }) => {
    const sync = await requiredSync(control, params.sync);
    const sobjects = objects === undefined ? null : chosenObjects(sync, objects.split(','));
    return setAsideView(await readSetAsideOf(control, sync, sobjects, limit));
  });
}

function retryRoute(app: ApiInstance, control: Control): void {
  const schema = {
    operationId: 'retrySetAside',
    summary: 'Reads records that are set aside and tries to store them again now',
    description:
      'Up to 1,000 of each object; those tried longest ago first. For single records there is the operation `refetch`.',
    tags,
    params: namedSync,
    body: retrySchema,
    response: { 202: retriedSchema, ...problemAnswers },
  };
  const config = { audit: { members: ['objects'] } };
  app.post('/syncs/:sync/set-aside/retry', { schema, config }, async ({ params, body }, reply) => {
    const sync = await requiredSync(control, params.sync);
    const sobjects = body.objects === undefined ? null : chosenObjects(sync, body.objects);
    const items = await withViews(control, sync, (mirror) => retrySetAside(control, mirror, sync, sobjects));
    return reply.code(202).send({ items });
  });
}
