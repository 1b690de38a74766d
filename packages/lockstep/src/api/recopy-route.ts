/** Copying the org that a refresh of a sandbox has made into the tables of its sync. */
import { systemClock } from '@lockstep/foundation/clock';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { recopySchema, recopySyncSchema } from '../contract/credentials.ts';
import { onBehalfOf } from '../control/index.ts';
import { openGivenCredential } from '../operations/given-credential.ts';
import { recopySync } from '../operations/recopy-sync.ts';
import { problemAnswers } from './problems.ts';
import { dryRun, namedSync, requiredSync, type SyncRouteDeps } from './sync-routes.ts';

export const recopyRoute: FastifyPluginAsyncZod<SyncRouteDeps> = async (app, deps) => {
  const schema = {
    operationId: 'recopySync',
    summary: 'Copies the org that has taken the place of the old one, after a refresh of a sandbox (ORG-02)',
    description:
      'The tables are emptied and copied again; their names, views and grants stay. With dry_run it only says which org it is, and whether the mirror can be written. Interrupted, it is finished by the next call.',
    tags: ['syncs'],
    params: namedSync,
    querystring: dryRun,
    body: recopySyncSchema,
    response: { 200: recopySchema, ...problemAnswers },
  };
  app.post('/syncs/:sync/recopy', { schema }, async ({ params, query, body, caller }) => {
    const { control, log, allowHosts, stop } = deps;
    const sync = await requiredSync(control, params.sync);
    const { login_url: loginUrl = sync.loginUrl, credential } = body;
    const given = credential ? await openGivenCredential(control, loginUrl, credential) : null;
    const isDryRun = query.dry_run === 'true';
    const tryDeps = { control: onBehalfOf(control, caller.who), clock: systemClock, log };
    const recopy = await recopySync(tryDeps, sync, given, { allowHosts, isDryRun }, stop);
    return {
      old_org_id: sync.orgId,
      org_id: recopy.orgId,
      instance_url: recopy.instanceUrl,
      erases: recopy.erases,
      keeps: recopy.keeps,
      skipped: [...recopy.skipped],
    };
  });
};
