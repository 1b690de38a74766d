/**
 * The header Idempotency-Key on requests that make something: a caller who does not know whether a request arrived
 * repeats it, and gets the first one's answer.
 */
import { createHash } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { type BegunRequest, beginOnce, type Control, type StoredAnswer } from '../control/index.ts';
import { newSyncId, type SyncId } from '../core/ids.ts';

/** Returns the id of what a request makes: another one for each request that is not a repetition. */
export function addIdempotency(app: FastifyInstance, control: Control): (request: FastifyRequest) => SyncId {
  const begun = new WeakMap<FastifyRequest, BegunRequest>();

  app.addHook('preHandler', async (request, reply) => {
    const key = keyOf(request);
    if (key === null) return;
    const asked = { key, fingerprint: fingerprintOf(request), subject: newSyncId() };
    const known = await beginOnce(control, asked);
    if ('status' in known) await replay(reply, known);
    else begun.set(request, known);
  });

  app.addHook('onSend', async (request, reply, payload) => {
    const body = typeof payload === 'string' ? payload : '';
    await begun.get(request)?.end({ status: reply.statusCode, body });
  });

  return (request) => (begun.get(request)?.subject as SyncId | undefined) ?? newSyncId();
}

/** The route is not called: an answer has been sent. */
function replay(reply: FastifyReply, { status, body }: StoredAnswer): FastifyReply {
  const type = status < 400 ? 'application/json' : 'application/problem+json';
  reply.code(status).type(`${type}; charset=utf-8`).header('Idempotency-Replayed', 'true');
  return reply.serializer((text: string) => text).send(body);
}

export const idempotencyHeaders = z.object({
  'idempotency-key': z
    .string()
    .regex(/^[\x21-\x7e]{1,200}$/, 'up to 200 visible characters of ASCII')
    .optional(),
});

/** Null: the request gives none, or makes nothing. Its form has been checked with the other headers. */
function keyOf({ method, headers }: FastifyRequest): string | null {
  const given = headers['idempotency-key'];
  return method === 'POST' && typeof given === 'string' ? given : null;
}

const fingerprintOf = ({ method, url, body }: FastifyRequest): string =>
  createHash('sha256')
    .update(JSON.stringify([method, url, body]))
    .digest('base64url');
