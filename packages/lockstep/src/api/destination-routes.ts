/** Databases that people own, as places of mirrors: what they need, and whether they will do. */
import { systemClock } from '@lockstep/foundation/clock';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import {
  databaseNamesSchema,
  databaseSqlSchema,
  destinationChecksSchema,
  newDestinationSchema,
} from '../contract/destinations.ts';
import {
  checkGivenDestination,
  checksView,
  destinationFrom,
  sqlToRunFirst,
} from '../operations/given-destination.ts';
import { problemAnswers } from './problems.ts';

const tags = ['destinations'];
/** Of a check that concerns no sync yet. */
const noMirror = { syncId: null, tables: [] };

export const destinationRoutes: FastifyPluginAsyncZod<{ stop: AbortSignal }> = async (app, { stop }) => {
  const check = {
    operationId: 'checkDestination',
    summary: 'Tests a database of your own, step by step',
    description:
      'Nothing of it stays: tables that it makes are dropped again. Needs a key that may write, because the server connects to the host that is given.',
    tags,
    body: newDestinationSchema,
    response: { 200: destinationChecksSchema, ...problemAnswers },
  };
  const audit = { members: ['host', 'port', 'database', 'schema'] };
  app.post('/destinations/check', { schema: check, config: { audit } }, async ({ body }) =>
    checksView(await checkGivenDestination(destinationFrom(body), noMirror, systemClock, stop)),
  );

  const prepare = {
    operationId: 'sqlForDestination',
    summary: 'The SQL that the owner of a database runs before a sync is created in it',
    description: 'Changes nothing and connects to nothing. The passwords are new with each answer.',
    tags,
    body: databaseNamesSchema,
    response: { 200: databaseSqlSchema, ...problemAnswers },
  };
  app.post('/destinations/sql', { schema: prepare, config: { changesNothing: true } }, async ({ body }) =>
    sqlToRunFirst(body),
  );
};
