/** Databases that people own, as places of mirrors: what they need, whether they will do, and where they have gone. */
import { systemClock } from '@lockstep/foundation/clock';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import {
  databaseNamesSchema,
  databaseSqlSchema,
  destinationChecksSchema,
  formerDatabaseSchema,
  newDestinationSchema,
  replaceDestinationSchema,
} from '../contract/destinations.ts';
import { syncSchema } from '../contract/syncs.ts';
import { onBehalfOf } from '../control/index.ts';
import {
  checkGivenDestination,
  checksView,
  destinationFrom,
  sqlToRunFirst,
} from '../operations/given-destination.ts';
import { dropFormer, replaceSyncDestination } from '../operations/replace-destination.ts';
import type { ApiInstance } from './api-instance.ts';
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

const tags = ['destinations'];
/** Of a check that concerns no sync yet. */
const noMirror = { syncId: null, tables: [] };

const audit = { members: ['host', 'port', 'database', 'schema'] };

export const destinationRoutes: FastifyPluginAsyncZod<SyncRouteDeps> = async (app, deps) => {
  checkRoute(app, deps);
  sqlRoute(app);
  replaceRoute(app, deps);
  dropFormerRoute(app, deps);
};

function checkRoute(app: ApiInstance, { stop }: SyncRouteDeps): void {
  const schema = {
    operationId: 'checkDestination',
    summary: 'Tests a database of your own, step by step',
    description:
      'Nothing of it stays: tables that it makes are dropped again. Needs a key that may write, because the server connects to the host that is given.',
    tags,
    body: newDestinationSchema,
    response: { 200: destinationChecksSchema, ...problemAnswers },
  };
  app.post('/destinations/check', { schema, config: { audit } }, async ({ body }) =>
    checksView(await checkGivenDestination(await destinationFrom(body), noMirror, systemClock, stop)),
  );
}

function sqlRoute(app: ApiInstance): void {
  const schema = {
    operationId: 'sqlForDestination',
    summary: 'The SQL that the owner of a database runs before a sync is created in it',
    description: 'Changes nothing and connects to nothing. The passwords are new with each answer.',
    tags,
    body: databaseNamesSchema,
    response: { 200: databaseSqlSchema, ...problemAnswers },
  };
  app.post('/destinations/sql', { schema, config: { changesNothing: true } }, async ({ body }) =>
    sqlToRunFirst(body),
  );
}

function replaceRoute(app: ApiInstance, deps: SyncRouteDeps): void {
  const schema = {
    operationId: 'replaceDestination',
    summary: 'Lets a sync go on at another address of its own database, or with other passwords',
    description:
      'The database is tested first, and must hold the mirror already. With dry_run it is only tested.',
    tags,
    params: namedSync,
    querystring: dryRun,
    headers: ifMatch,
    body: replaceDestinationSchema,
    response: { 200: syncSchema, ...problemAnswers },
  };
  app.put(
    '/syncs/:sync/destination',
    { schema, config: { audit } },
    async ({ params, query, headers, body, caller }, reply) => {
      const { control, stop } = deps;
      const sync = await requiredSync(control, params.sync);
      const options = { isDryRun: query.dry_run === 'true', isExpected: expectedBy(headers) };
      const acting = { control: onBehalfOf(control, caller.who), clock: systemClock };
      await replaceSyncDestination(acting, sync, body, options, stop);
      return answerWith(reply, deps, await requiredSync(control, sync.id));
    },
  );
}

function dropFormerRoute(app: ApiInstance, { control }: SyncRouteDeps): void {
  const schema = {
    operationId: 'dropFormerDatabase',
    summary: 'Drops the private database that a sync has left for one of your own',
    description: 'With dry_run it only says which.',
    tags,
    params: namedSync,
    querystring: dryRun,
    response: { 200: formerDatabaseSchema, ...problemAnswers },
  };
  app.delete('/syncs/:sync/former-database', { schema }, async ({ params, query }) => {
    const sync = await requiredSync(control, params.sync);
    return { database: await dropFormer(control, sync, query.dry_run === 'true') };
  });
}
