/** Syncs: all of them, one of them with its objects, and changes of its settings. */
import { createHash } from 'node:crypto';
import type { BlockList } from 'node:net';
import type { FastifyReply } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { pageOf, pageQuery } from '../contract/pages.ts';
import { deletionSchema, snapshotSchema, syncChangeSchema, syncSchema } from '../contract/syncs.ts';
import {
  type Control,
  findSync,
  type IsExpected,
  listSyncs,
  mirrorUrl,
  onBehalfOf,
  type Sync,
  type SyncChange,
} from '../control/index.ts';
import type { AppLog } from '../core/log-fields.ts';
import { RequestError } from '../core/request-error.ts';
import type { BackfillRates } from '../operations/backfill-rates.ts';
import { changeSync, checkSyncChange } from '../operations/change-sync.ts';
import { checkDeletion, deleteSync } from '../operations/delete-sync.ts';
import { readNow } from '../operations/read-objects.ts';
import { readSyncStatus, readSyncStatuses } from '../operations/sync-status.ts';
import { type SyncPlaces, settingsView, snapshotView, syncView } from '../operations/sync-view.ts';
import type { ApiInstance } from './api-instance.ts';
import { pageFrom } from './pages.ts';
import { problemAnswers } from './problems.ts';

export interface SyncRouteDeps {
  control: Control;
  log: AppLog;
  /** TLS terminators in front of this server. */
  trustedProxies: BlockList;
  /** Other hosts that credentials may be sent to, besides Salesforce's own. */
  allowHosts: readonly string[];
  /** Aborts when the server stops: long work ends, and can be repeated. */
  stop: AbortSignal;
  /** Undefined: no proxy runs here. */
  proxyUrl: () => string | undefined;
  /** Its Salesforce org is simulated. */
  isDemo: boolean;
  /** How fast the objects that are copied have come so far. */
  rates: BackfillRates;
}

const tags = ['syncs'];
export const dryRun = z.object({
  dry_run: z.enum(['true', 'false']).default('false').describe('Says what would be done, without doing it.'),
});
export const namedSync = z.object({ sync: z.string().max(80).describe('Its name or its id.') });

export const syncRoutes: FastifyPluginAsyncZod<SyncRouteDeps> = async (app, deps) => {
  listRoute(app, deps);
  getRoute(app, deps);
  snapshotRoute(app, deps);
  changeRoute(app, deps);
  deleteRoute(app, deps);
};

function listRoute(app: ApiInstance, deps: SyncRouteDeps): void {
  const { control } = deps;
  const schema = {
    operationId: 'listSyncs',
    summary: 'All syncs, by name',
    tags,
    querystring: pageQuery,
    response: { 200: pageOf(syncSchema), ...problemAnswers },
  };
  app.get('/syncs', { schema }, async ({ query }) => {
    const page = pageFrom(await listSyncs(control), ({ name }) => name, query, await readNow(control.db));
    const seen = await readSyncStatuses(control, page.items);
    return { ...page, items: seen.map((one) => syncView(one, placesOf(deps, one.sync))) };
  });
}

function getRoute(app: ApiInstance, deps: SyncRouteDeps): void {
  const schema = {
    operationId: 'getSync',
    summary: 'One sync',
    description: 'The ETag of the answer is that of its settings, for If-Match.',
    tags,
    params: namedSync,
    response: { 200: syncSchema, ...problemAnswers },
  };
  app.get('/syncs/:sync', { schema }, async ({ params }, reply) => {
    const sync = await requiredSync(deps.control, params.sync);
    return answerWith(reply, deps, sync);
  });
}

function snapshotRoute(app: ApiInstance, deps: SyncRouteDeps): void {
  const schema = {
    operationId: 'getSnapshot',
    summary: 'One sync and all its objects at one moment',
    description: 'What the first events of its stream tell, for a single look.',
    tags,
    params: namedSync,
    response: { 200: snapshotSchema, ...problemAnswers },
  };
  app.get('/syncs/:sync/snapshot', { schema }, async ({ params }) => {
    const sync = await requiredSync(deps.control, params.sync);
    return snapshotView(await readSyncStatus(deps.control, sync, deps.rates), placesOf(deps, sync));
  });
}

function changeRoute(app: ApiInstance, deps: SyncRouteDeps): void {
  const { control } = deps;
  const schema = {
    operationId: 'changeSync',
    summary: 'Changes settings of a sync while it runs',
    description:
      'With dry_run the answer is the sync as it would be, and its ETag that of the settings as they are.',
    tags,
    params: namedSync,
    querystring: dryRun,
    headers: ifMatch,
    body: syncChangeSchema,
    response: { 200: syncSchema, ...problemAnswers },
  };
  app.patch(
    '/syncs/:sync',
    { schema, config: { audit: { settings: settingsView } } },
    async ({ params, query, headers, body, caller }, reply) => {
      const sync = await requiredSync(control, params.sync);
      const change = changeOf(body);
      if (query.dry_run === 'true') {
        const changed = await checkSyncChange(control, sync, change, expectedBy(headers));
        return answerWith(reply, deps, sync, changed);
      }
      const acting = onBehalfOf(control, caller.who);
      const changed = await changeSync(acting, sync, change, expectedBy(headers));
      return answerWith(reply, deps, changed);
    },
  );
}

function deleteRoute(app: ApiInstance, { control, stop }: SyncRouteDeps): void {
  const schema = {
    operationId: 'deleteSync',
    summary: 'Deletes a sync with its mirror',
    description:
      'The answer says what was erased and what stays; with dry_run, what would be. Interrupted, it is finished by the next call.',
    tags,
    params: namedSync,
    querystring: dryRun.extend({
      keep_mirror: z
        .enum(['true', 'false'])
        .default('false')
        .describe('In a database of your own, leaves the mirror as it is: nothing connects to it.'),
    }),
    response: { 200: deletionSchema, ...problemAnswers },
  };
  app.delete('/syncs/:sync', { schema }, async ({ params, query }) => {
    const sync = await requiredSync(control, params.sync);
    const keepsMirror = query.keep_mirror === 'true';
    if (query.dry_run === 'true') return checkDeletion(control, sync, keepsMirror);
    return deleteSync(control, sync, stop, keepsMirror);
  });
}

export const viewOf = async (deps: SyncRouteDeps, sync: Sync) =>
  syncView(await readSyncStatus(deps.control, sync, deps.rates), placesOf(deps, sync));

/** With the ETag of its settings. @param shown  as it would be, if it was only tried */
export const answerWith = async (reply: FastifyReply, deps: SyncRouteDeps, sync: Sync, shown = sync) =>
  reply.header('ETag', tagOf(sync)).send(await viewOf(deps, shown));

export const placesOf = (
  { control, proxyUrl }: Pick<SyncRouteDeps, 'control' | 'proxyUrl'>,
  sync: Sync,
): SyncPlaces => ({ proxyUrl: proxyUrl(), mirrorUrl: mirrorUrl(control, sync) });

export async function requiredSync(control: Control, nameOrId: string): Promise<Sync> {
  const sync = await findSync(control, nameOrId);
  if (sync) return sync;
  throw new RequestError(`There is no sync ${JSON.stringify(nameOrId)}`, {
    kind: 'not found',
    next: 'All syncs: lockstep sync list',
  });
}

/** Of a request that changes settings of a sync. */
export const ifMatch = z.object({
  'if-match': z
    .string()
    .max(100)
    .optional()
    .describe('Refuses the change if the settings have another ETag.'),
});

export const expectedBy =
  ({ 'if-match': expected }: z.infer<typeof ifMatch>): IsExpected =>
  (current) =>
    expected === undefined || expected === '*' || expected === tagOf(current);

/** Changes with the settings, and with the database that the mirror is in. */
export const tagOf = (sync: Sync): string =>
  `"${createHash('sha256')
    .update(JSON.stringify([settingsView(sync), sync.destination.revision]))
    .digest('base64url')
    .slice(0, 22)}"`;

export function changeOf(body: z.infer<typeof syncChangeSchema>): SyncChange {
  const { paused, interval_ms, stop_at_percent, on_database_down, foreign_keys, fields_left_out } = body;
  return {
    ...(paused !== undefined && { paused }),
    ...(interval_ms !== undefined && { intervalMs: interval_ms }),
    ...(stop_at_percent !== undefined && { stopAtPercent: stop_at_percent }),
    ...(on_database_down !== undefined && { withoutDatabase: on_database_down }),
    ...(foreign_keys !== undefined && { foreignKeys: foreign_keys }),
    ...(fields_left_out !== undefined && { leftOut: fields_left_out }),
  };
}
