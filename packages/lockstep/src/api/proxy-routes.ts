/** Proxied requests and what became of them. */
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import {
  proxyHoursQuery,
  proxyHoursSchema,
  proxyRequestsQuery,
  proxyRequestsSchema,
} from '../contract/proxy-requests.ts';
import type { Control } from '../control/index.ts';
import { proxyHours, proxyRequests } from '../operations/proxy-requests-view.ts';
import { problemAnswers } from './problems.ts';
import { namedSync, requiredSync } from './sync-routes.ts';

const tags = ['proxy'];

export const proxyRoutes: FastifyPluginAsyncZod<{ control: Control }> = async (app, { control }) => {
  const listing = {
    operationId: 'listProxyRequests',
    summary: 'Proxied writes and refused requests of the last 30 days, the newest first',
    description:
      'The newest 100,000 of a sync. In a flood each process adds 600 a minute, and 30 besides of callers whose token Salesforce has not accepted; all are counted by hour.',
    tags,
    params: namedSync,
    querystring: proxyRequestsQuery,
    response: { 200: proxyRequestsSchema, ...problemAnswers },
  };
  app.get('/syncs/:sync/proxy-requests', { schema: listing }, async ({ params, query }) =>
    proxyRequests(control, await requiredSync(control, params.sync), query),
  );
  const counting = {
    operationId: 'listProxyHours',
    summary: 'All proxied requests by hour, method and outcome, reads as well, for 30 days',
    tags,
    params: namedSync,
    querystring: proxyHoursQuery,
    response: { 200: proxyHoursSchema, ...problemAnswers },
  };
  app.get('/syncs/:sync/proxy-requests/hours', { schema: counting }, async ({ params, query }) =>
    proxyHours(control, await requiredSync(control, params.sync), query.since),
  );
};
