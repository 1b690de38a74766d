/**
 * The header Idempotency-Key on requests that make something: a caller who does not know whether a request arrived
 * repeats it, and gets the first one's answer.
 */
import { createHash } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { type BegunRequest, beginOnce, type Control, type StoredAnswer } from '../control/index.ts';
import { newSyncId, type SyncId } from '../core/ids.ts';
import type { Report } from '../core/progress.ts';

/** One of the requests with the same key, or a request without a key. */
export interface Attempt {
  /** Of what the request makes: another one for each request that is not a repetition. */
  id: SyncId;
  /** Lets others see how far it is, if they know its key. */
  report: Report;
}

/** Returns what is known of an attempt when its route is called. */
export function addIdempotency(app: FastifyInstance, control: Control): (request: FastifyRequest) => Attempt {
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

  return (request) => {
    const known = begun.get(request);
    return { id: (known?.subject as SyncId | undefined) ?? newSyncId(), report: known?.report ?? unseen };
  };
}

/** Nobody can ask for the progress of a request without a key. */
const unseen: Report = () => undefined;

/** The route is not called: an answer has been sent. */
function replay(reply: FastifyReply, { status, body }: StoredAnswer): FastifyReply {
  const type = status < 400 ? 'application/json' : 'application/problem+json';
  reply.code(status).type(`${type}; charset=utf-8`).header('Idempotency-Replayed', 'true');
  return reply.serializer((text: string) => text).send(body);
}

export const idempotencyKey = z
  .string()
  .regex(/^[\x21-\x7e]{1,200}$/, 'up to 200 visible characters of ASCII');

export const idempotencyHeaders = z.object({ 'idempotency-key': idempotencyKey.optional() });

/** Null: the request gives none, or makes nothing. Its form has been checked with the other headers. */
function keyOf({ method, headers }: FastifyRequest): string | null {
  const given = headers['idempotency-key'];
  return method === 'POST' && typeof given === 'string' ? given : null;
}

const fingerprintOf = ({ method, url, body }: FastifyRequest): string =>
  createHash('sha256')
    .update(JSON.stringify([method, url, body]))
    .digest('base64url');
