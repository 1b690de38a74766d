/**
 * The header Idempotency-Key on requests that make something: a caller who does not know whether a request arrived
 * repeats it, and gets the first one's answer.
 */
import { createHash } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { beginOnce, type Control, endOnce, type StoredAnswer } from '../control/index.ts';
import { Fault } from '../core/faults.ts';

export function addIdempotency(app: FastifyInstance, control: Control): void {
  const begun = new WeakSet<FastifyRequest>();

  app.addHook('preHandler', async (request, reply) => {
    const key = keyOf(request);
    if (key === null) return;
    const stored = await beginOnce(control, key, fingerprintOf(request));
    if (stored) await replay(reply, stored);
    else begun.add(request);
  });

  app.addHook('onSend', async (request, reply, payload) => {
    const key = keyOf(request);
    if (key === null || !begun.delete(request)) return;
    await endOnce(control, key, {
      status: reply.statusCode,
      body: typeof payload === 'string' ? payload : '',
    });
  });
}

/** The route is not called: an answer has been sent. */
function replay(reply: FastifyReply, { status, body }: StoredAnswer): FastifyReply {
  const type = status < 400 ? 'application/json' : 'application/problem+json';
  reply.code(status).type(`${type}; charset=utf-8`).header('Idempotency-Replayed', 'true');
  return reply.serializer((text: string) => text).send(body);
}

/** Null: the request gives none, or makes nothing. */
function keyOf({ method, headers }: FastifyRequest): string | null {
  const given = headers['idempotency-key'];
  if (method !== 'POST' || given === undefined) return null;
  if (typeof given === 'string' && /^[\x21-\x7e]{1,200}$/.test(given)) return given;
  throw new Fault('API-01');
}

const fingerprintOf = ({ method, url, body }: FastifyRequest): string =>
  createHash('sha256')
    .update(JSON.stringify([method, url, body]))
    .digest('base64url');
