/** What an org offers: asked with a credential before there is a sync, or with the sync's own. */
import { systemClock } from '@lockstep/foundation/clock';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import type { z } from 'zod';
import {
  connectionSchema,
  type OrgObject,
  orgObjectSchema,
  orgObjectsQuery,
} from '../contract/org-objects.ts';
import { pageOf } from '../contract/pages.ts';
import { firstApiVersion } from '../operations/create-sync.ts';
import { openGivenCredential, withCredential } from '../operations/given-credential.ts';
import { pageOfOrgObjects } from '../operations/org-objects.ts';
import { readNow } from '../operations/read-objects.ts';
import { withSalesforceOf } from '../operations/with-salesforce.ts';
import { pageFrom } from './pages.ts';
import { problemAnswers } from './problems.ts';
import { namedSync, requiredSync, type SyncRouteDeps } from './sync-routes.ts';

const tags = ['objects'];
const response = { 200: pageOf(orgObjectSchema), ...problemAnswers };

export const orgRoutes: FastifyPluginAsyncZod<SyncRouteDeps> = async (app, deps) => {
  const { control, log, allowHosts, stop } = deps;
  const tryDeps = { control, clock: systemClock, log };

  const cutter = async (query: z.infer<typeof orgObjectsQuery>) => {
    const now = await readNow(control.db);
    return (found: OrgObject[]) => pageFrom(found, ({ sobject }) => sobject, query, now);
  };

  const ofSync = {
    operationId: 'listOrgObjects',
    summary: 'The objects of the org: which could be mirrored, and why others cannot',
    tags,
    params: namedSync,
    querystring: orgObjectsQuery,
    response,
  };
  app.get('/syncs/:sync/org-objects', { schema: ofSync }, async ({ params, query }) => {
    const sync = await requiredSync(control, params.sync);
    const cut = await cutter(query);
    return withSalesforceOf(tryDeps, sync, allowHosts, (salesforce) =>
      pageOfOrgObjects(salesforce, sync.sobjects, query, cut, stop),
    );
  });

  const ofConnection = {
    operationId: 'findOrgObjects',
    summary: 'The same before there is a sync, with the credential for it',
    tags,
    querystring: orgObjectsQuery,
    body: connectionSchema,
    response,
  };
  const config = { changesNothing: true };
  app.post('/org-objects', { schema: ofConnection, config }, async ({ query, body }) => {
    const given = await openGivenCredential(control, body.login_url, body.credential);
    const options = { allowHosts, apiVersion: firstApiVersion };
    const cut = await cutter(query);
    const { result } = await withCredential(tryDeps, given, options, stop, (salesforce) =>
      pageOfOrgObjects(salesforce, [], query, cut, stop),
    );
    return result;
  });
};
