/**
 * Writes the audit log: each request that has changed something, and each refused sign-in. What is noted of any request
 * is its operation, its sync and what else its address names; a route says what more, member by member.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type Control, findSync, type NewAuditEntry, recordAudit, type Sync } from '../control/index.ts';
import type { AppLog } from '../core/log-fields.ts';
import { isReading } from './access.ts';

/** What a route adds in its `config`. None of it may be a secret. */
export interface AuditNotes {
  /** Members of the body that say what was asked for. */
  members?: readonly string[];
  /** Settings of the sync: those that the body names are noted as they were and as they are then. */
  settings?: (sync: Sync) => Readonly<Record<string, unknown>>;
  /** The sync, by its name or its id, if the address does not name it. */
  syncOf?: (control: Control, params: Readonly<Record<string, string>>) => Promise<string>;
}

interface Audited {
  sync: Sync | null;
  before: Readonly<Record<string, unknown>> | null;
}

/** Others are mistakes of programs, or say that a key may not do it. */
const notedRefusals = new Set(['API-11', 'API-12', 'API-13']);
const listItemsMax = 20;

/** To be called before routes are added. */
export function addAudit(app: FastifyInstance, { control, log }: { control: Control; log: AppLog }): void {
  const audited = new WeakMap<FastifyRequest, Audited>();

  app.addHook('preHandler', async (request) => {
    if (!isChange(request)) return;
    const { audit = {} } = request.routeOptions.config;
    const params = paramsOf(request);
    const named = await (audit.syncOf?.(control, params).catch(() => undefined) ?? params.sync);
    const sync = named === undefined ? null : await findSync(control, named);
    audited.set(request, { sync, before: settingsIn(request, sync) });
  });

  app.addHook('onSend', async (request, reply) => {
    const known = audited.get(request);
    if (!known || !isNoted(reply)) return;
    await entryOf(request, reply, known)
      .then((entry) => recordAudit(control, entry))
      .catch((error: unknown) => {
        // The change is made; an answer that says it failed would be worse.
        const where = error instanceof Error ? error.name : 'unknown';
        log.error('audit entry not written', { requestId: request.id, where });
      });
  });

  async function entryOf(
    request: FastifyRequest,
    reply: FastifyReply,
    known: Audited,
  ): Promise<NewAuditEntry> {
    const { sync: before } = known;
    const made = /^\/api\/v1\/syncs\/([^/]+)$/.exec(String(reply.getHeader('location') ?? ''))?.[1];
    const sync = made === undefined ? before : await findSync(control, made);
    const isDone = reply.statusCode < 400;
    const after =
      isDone && known.before && before ? settingsIn(request, await findSync(control, before.id)) : null;
    return {
      who: request.caller.who,
      address: request.caller.client.address,
      operation: operationOf(request),
      sync: sync && { id: sync.id, name: sync.name },
      thing: made === undefined ? thingOf(request, reply) : null,
      before: known.before,
      after: isDone ? (after ?? membersOf(request)) : null,
      refusal: isDone ? null : (request.refusal ?? null),
      requestId: request.id,
    };
  }
}

function isChange({ method, query, routeOptions: { config } }: FastifyRequest): boolean {
  const changesNothing = config.changesNothing ?? isReading(method);
  return !changesNothing && (query as { dry_run?: unknown }).dry_run !== 'true';
}

/** A repetition has changed nothing; its first request has an entry. */
function isNoted(reply: FastifyReply): boolean {
  if (reply.hasHeader('idempotency-replayed')) return false;
  return reply.statusCode < 400 || notedRefusals.has(reply.request.refusal ?? '');
}

const paramsOf = ({ params }: FastifyRequest) => params as Readonly<Record<string, string>>;
const bodyOf = ({ body }: FastifyRequest) => (body ?? {}) as Readonly<Record<string, unknown>>;

/** The document names each operation. */
const operationOf = ({ routeOptions: { schema } }: FastifyRequest): string =>
  (schema as { operationId?: string } | undefined)?.operationId ?? 'unknown';

/** What the address names besides the sync, or the name of what is made, or the number of an operation that begins. */
function thingOf(request: FastifyRequest, reply: FastifyReply): string | null {
  const { sync: _, ...others } = paramsOf(request);
  const [named] = Object.values(others);
  const { name } = bodyOf(request);
  const begun = /\/([^/]+)$/.exec(String(reply.getHeader('location') ?? ''))?.[1];
  return named ?? (typeof name === 'string' ? name : null) ?? begun ?? null;
}

function settingsIn(request: FastifyRequest, sync: Sync | null): Record<string, unknown> | null {
  const { settings } = request.routeOptions.config.audit ?? {};
  return settings && sync ? picked(settings(sync), Object.keys(bodyOf(request))) : null;
}

function membersOf(request: FastifyRequest): Record<string, unknown> | null {
  const { members } = request.routeOptions.config.audit ?? {};
  return members ? picked(bodyOf(request), members) : null;
}

function picked(from: Readonly<Record<string, unknown>>, names: readonly string[]): Record<string, unknown> {
  const own = names.filter((name) => Object.hasOwn(from, name) && from[name] !== undefined);
  return Object.fromEntries(own.map((name) => [name, shortened(from[name])]));
}

function shortened(value: unknown): unknown {
  if (!Array.isArray(value) || value.length <= listItemsMax) return value;
  return [...(value as unknown[]).slice(0, listItemsMax), `and ${value.length - listItemsMax} more`];
}

declare module 'fastify' {
  interface FastifyContextConfig {
    audit?: AuditNotes;
  }
}
