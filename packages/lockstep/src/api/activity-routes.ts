/** What has happened to a sync. */
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { activityPageSchema, activityQuery } from '../contract/activity.ts';
import { type Control, readActivity } from '../control/index.ts';
import { activityView } from '../operations/activity-view.ts';
import { cutPage } from '../operations/cut-page.ts';
import { readNow } from '../operations/read-objects.ts';
import { problemAnswers } from './problems.ts';
import { namedSync, requiredSync } from './sync-routes.ts';

export const activityRoutes: FastifyPluginAsyncZod<{ control: Control }> = async (app, { control }) => {
  const schema = {
    operationId: 'listActivity',
    summary: 'What has happened to a sync in the last 30 days, the newest first',
    tags: ['activity'],
    params: namedSync,
    querystring: activityQuery,
    response: { 200: activityPageSchema, ...problemAnswers },
  };
  app.get('/syncs/:sync/activity', { schema }, async ({ params, query }) => {
    const { limit, after, object: sobject, kind, code, since, until, only, newer_than: newerThan } = query;
    const sync = await requiredSync(control, params.sync);
    const found = await readActivity(control, sync.id, {
      kind,
      sobject,
      code,
      since,
      until,
      needsPerson: only === 'needs-person',
      before: after === undefined ? undefined : Number(after),
      later: newerThan === undefined ? undefined : Number(newerThan),
      limit: limit + 1,
    });
    return cutPage(found.map(activityView), limit, ({ id }) => id, await readNow(control.db));
  });
};
