/** Creating a sync, or finding out whether it can be created. */
import { systemClock } from '@lockstep/foundation/clock';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { checkedSyncSchema, newSyncSchema, syncChangeSchema, syncSchema } from '../contract/syncs.ts';
import { readSync } from '../control/index.ts';
import { type CheckedSync, checkNewSync, type NewSyncOptions } from '../operations/check-new-sync.ts';
import { createSync } from '../operations/create-sync.ts';
import { openGivenCredential } from '../operations/given-credential.ts';
import { givenDestination } from '../operations/given-destination.ts';
import { plannedObjectViews } from '../operations/planned-object-view.ts';
import { addIdempotency, idempotencyHeaders } from './idempotency.ts';
import { problemAnswers } from './problems.ts';
import { changeOf, dryRun, requiredSync, type SyncRouteDeps, tagOf, viewOf } from './sync-routes.ts';

/** Not among them: the credential and the destination, which contain secrets. */
const audited = ['name', 'login_url', 'objects', 'api_version', ...Object.keys(syncChangeSchema.shape)];

export const createRoute: FastifyPluginAsyncZod<SyncRouteDeps> = async (app, deps) => {
  const attemptOf = addIdempotency(app, deps.control);
  const schema = {
    operationId: 'createSync',
    summary: 'Creates a sync',
    description:
      'Tests everything first: with dry_run nothing else is done. Repeat it with the same Idempotency-Key if you do not know whether it arrived: what was begun is taken up. `GET /requests/KEY` tells how far it is.',
    tags: ['syncs'],
    querystring: dryRun,
    headers: idempotencyHeaders,
    body: newSyncSchema,
    response: { 200: checkedSyncSchema, 201: syncSchema, ...problemAnswers },
  };
  const config = { audit: { members: audited } };
  app.post('/syncs', { schema, config }, async (request, reply) => {
    const { query, body } = request;
    const { control, log, stop, allowHosts } = deps;
    const { id, report } = attemptOf(request);
    const create = { control, clock: systemClock, log, report };
    const begun = await readSync(control, id);
    if (begun) return reply.code(201).send(await viewOf(deps, begun));
    const given = () => openGivenCredential(control, body.login_url, body.credential);
    const destination = body.destination ? givenDestination(body.destination) : null;
    const options = { ...optionsOf(body), given, allowHosts, destination };
    if (query.dry_run === 'true')
      return reply.code(200).send(checkedView(await checkNewSync(create, options, stop)));
    await createSync(create, options, stop, id);
    const sync = await requiredSync(control, id);
    return reply
      .code(201)
      .header('Location', `/api/v1/syncs/${id}`)
      .header('ETag', tagOf(sync))
      .send(await viewOf(deps, sync));
  });
};

function optionsOf(
  body: z.infer<typeof newSyncSchema>,
): Omit<NewSyncOptions, 'allowHosts' | 'given' | 'destination'> {
  return {
    name: body.name,
    sobjects: body.objects,
    intervalMs: body.interval_ms,
    apiVersion: body.api_version,
    leftOut: body.fields_left_out,
    settings: changeOf(body),
  };
}

const checkedView = ({ orgId, instanceUrl, skipped, ...planned }: CheckedSync) => ({
  org_id: orgId,
  instance_url: instanceUrl,
  objects: plannedObjectViews(planned),
  skipped: [...skipped],
});
