/** The version of Salesforce's API that a sync speaks. */
import { systemClock } from '@lockstep/foundation/clock';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { apiVersionsSchema, syncSchema, wantedVersionSchema } from '../contract/syncs.ts';
import { onBehalfOf } from '../control/index.ts';
import { readApiVersions, setApiVersion } from '../operations/api-versions.ts';
import { problemAnswers } from './problems.ts';
import {
  answerWith,
  dryRun,
  expectedBy,
  ifMatch,
  namedSync,
  requiredSync,
  type SyncRouteDeps,
} from './sync-routes.ts';

const tags = ['syncs'];

export const versionRoutes: FastifyPluginAsyncZod<SyncRouteDeps> = async (app, deps) => {
  const { control, log, allowHosts, stop } = deps;
  const tryDeps = { control, clock: systemClock, log };

  const list = {
    operationId: 'listApiVersions',
    summary: "The versions of Salesforce's API that the org and this Lockstep know",
    tags,
    params: namedSync,
    response: { 200: apiVersionsSchema, ...problemAnswers },
  };
  app.get('/syncs/:sync/api-versions', { schema: list }, async ({ params }) =>
    readApiVersions(tryDeps, await requiredSync(control, params.sync), allowHosts, stop),
  );

  const change = {
    operationId: 'setApiVersion',
    summary: "Changes the version of Salesforce's API that the sync speaks, without a new copy",
    description: 'With dry_run the answer is the sync as it would be.',
    tags,
    params: namedSync,
    querystring: dryRun,
    headers: ifMatch,
    body: wantedVersionSchema,
    response: { 200: syncSchema, ...problemAnswers },
  };
  const config = { audit: { members: ['api_version'] } };
  app.put(
    '/syncs/:sync/api-version',
    { schema: change, config },
    async ({ params, query, headers, body, caller }, reply) => {
      const sync = await requiredSync(control, params.sync);
      const options = {
        allowHosts,
        isDryRun: query.dry_run === 'true',
        isExpected: expectedBy(headers),
      };
      const acting = { ...tryDeps, control: onBehalfOf(control, caller.who) };
      const apiVersion = await setApiVersion(acting, sync, body.api_version, options, stop);
      const changed = await requiredSync(control, sync.id);
      return answerWith(reply, deps, changed, { ...changed, apiVersion });
    },
  );
};
