/** An org and what it offers: asked with a credential before there is a sync, or with the sync's own. */
import { systemClock } from '@lockstep/foundation/clock';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { orgCheckSchema } from '../contract/org-check.ts';
import {
  connectionSchema,
  type OrgObject,
  orgFieldsSchema,
  orgObjectSchema,
  orgObjectsQuery,
} from '../contract/org-objects.ts';
import { pageOf } from '../contract/pages.ts';
import { firstApiVersion } from '../operations/check-new-sync.ts';
import { checkOrg } from '../operations/check-org.ts';
import { openGivenCredential, withCredential } from '../operations/given-credential.ts';
import { fieldsOfOrgObject } from '../operations/org-fields.ts';
import { pageOfOrgObjects } from '../operations/org-objects.ts';
import { readNow } from '../operations/read-objects.ts';
import { withSalesforceOf } from '../operations/with-salesforce.ts';
import type { ApiInstance } from './api-instance.ts';
import { pageFrom } from './pages.ts';
import { problemAnswers } from './problems.ts';
import { namedSync, requiredSync, type SyncRouteDeps } from './sync-routes.ts';

const tags = ['org'];
const reading = { changesNothing: true };

export const orgRoutes: FastifyPluginAsyncZod<SyncRouteDeps> = async (app, deps) => {
  objectRoutes(app, deps);
  fieldRoutes(app, deps);
  checkRoutes(app, deps);
};

const tryDepsOf = ({ control, log }: SyncRouteDeps) => ({ control, clock: systemClock, log });

/** Works with the org of a credential that no sync has yet. */
async function withConnection<Result>(
  deps: SyncRouteDeps,
  { login_url: loginUrl, credential }: z.infer<typeof connectionSchema>,
  work: Parameters<typeof withCredential<Result>>[4],
): Promise<Result> {
  const { control, allowHosts, stop } = deps;
  const given = await openGivenCredential(control, loginUrl, credential);
  const options = { allowHosts, apiVersion: firstApiVersion };
  return (await withCredential(tryDepsOf(deps), given, options, stop, work)).result;
}

function objectRoutes(app: ApiInstance, deps: SyncRouteDeps): void {
  const { control, allowHosts, stop } = deps;
  const response = { 200: pageOf(orgObjectSchema), ...problemAnswers };

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
    return withSalesforceOf(tryDepsOf(deps), sync, allowHosts, (salesforce) =>
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
  app.post('/org-objects', { schema: ofConnection, config: reading }, async ({ query, body }) => {
    const cut = await cutter(query);
    return withConnection(deps, body, (salesforce) => pageOfOrgObjects(salesforce, [], query, cut, stop));
  });
}

const namedObject = z.object({ object: z.string().max(100) });

function fieldRoutes(app: ApiInstance, deps: SyncRouteDeps): void {
  const { control, allowHosts, stop } = deps;
  const response = { 200: orgFieldsSchema, ...problemAnswers };

  const ofSync = {
    operationId: 'listOrgFields',
    summary: 'The fields of an object of the org: which of them the sync mirrors, or would',
    tags,
    params: namedSync.extend(namedObject.shape),
    response,
  };
  app.get('/syncs/:sync/org-objects/:object/fields', { schema: ofSync }, async ({ params }) => {
    const sync = await requiredSync(control, params.sync);
    return withSalesforceOf(tryDepsOf(deps), sync, allowHosts, (salesforce) =>
      fieldsOfOrgObject(salesforce, params.object, sync.leftOut, stop),
    );
  });

  const ofConnection = {
    operationId: 'findOrgFields',
    summary: 'The same before there is a sync, with the credential for it',
    tags,
    params: namedObject,
    body: connectionSchema,
    response,
  };
  app.post('/org-objects/:object/fields', { schema: ofConnection, config: reading }, ({ params, body }) =>
    withConnection(deps, body, (salesforce) => fieldsOfOrgObject(salesforce, params.object, [], stop)),
  );
}

function checkRoutes(app: ApiInstance, deps: SyncRouteDeps): void {
  const { control, allowHosts, stop } = deps;
  const response = { 200: orgCheckSchema, ...problemAnswers };

  const ofSync = {
    operationId: 'checkSyncOrg',
    summary: 'The org of a sync: its edition and limits, and what the user may do',
    tags,
    params: namedSync,
    response,
  };
  app.get('/syncs/:sync/org-check', { schema: ofSync }, async ({ params }) => {
    const sync = await requiredSync(control, params.sync);
    return withSalesforceOf(tryDepsOf(deps), sync, allowHosts, (salesforce) =>
      checkOrg(tryDepsOf(deps), salesforce, sync, stop),
    );
  });

  const ofConnection = {
    operationId: 'checkOrg',
    summary: 'The same before there is a sync, with the credential for it',
    tags,
    body: connectionSchema,
    response,
  };
  app.post('/org-checks', { schema: ofConnection, config: reading }, ({ body }) =>
    withConnection(deps, body, (salesforce) => checkOrg(tryDepsOf(deps), salesforce, null, stop)),
  );
}
