import type { Tx } from '@lockstep/foundation/database';
import { printExact } from '@lockstep/foundation/exact-json';
import { bearerOf } from '../auth/auth-request.ts';
import { tokenOwner } from '../auth/tokens.ts';
import { type Answer, dataPath, errorAnswer } from '../http/answer.ts';
import { type Call } from '../http/call.ts';
import { asOrgError } from '../http/errors.ts';
import type { Org } from '../org.ts';
import { userIdOf } from './control-endpoint.ts';
import type { Delivery } from './delivery.ts';
import type { CombinedEffect, RequestFacts } from './faults.ts';
import { namedAnswer } from './named-answers.ts';
import { corruptRows } from './torn-rows.ts';

/**
 * Handles a request under the faults that apply to it: `injectedRequest` for one from HTTP, `injectedCall` for a
 * subrequest of a composite or batch. The work itself is passed as a function of the connection that it reads from.
 */
type Handle = (db: Tx, isStale: boolean) => Promise<Answer>;

/** A request as the server has parsed it. */
export interface Incoming {
  method: string;
  version: string | undefined;
  path: readonly string[];
  parameters: URLSearchParams;
  authorization: string | undefined;
  client: string | undefined;
  body: Buffer;
}

export async function injectedRequest(org: Org, request: Incoming, handle: Handle): Promise<Answer> {
  const { version, path: segments, parameters, body } = request;
  const path = version === undefined ? `/${segments.join('/')}` : dataPath(version, ...segments);
  const facts: RequestFacts = {
    isInside: false,
    method: request.method,
    path,
    client: request.client,
    text: once(() => [path, ...parameters.values(), body.toString()].join('\n')),
    bearer: () => tokenOwner(org, bearerOf(request.authorization)),
  };
  const combined = await org.control.faults.effectOn(facts, (name) => userIdOf(org, name));
  return combined ? answerUnderFaults(org, combined, request, handle) : handle(org.db, false);
}

export async function injectedCall(call: Call, handle: (call: Call) => Promise<Answer>): Promise<Answer> {
  const { org, method, version, path: segments, parameters, userId, client } = call;
  const path = dataPath(version, ...segments);
  const facts: RequestFacts = {
    isInside: true,
    method,
    path,
    client,
    text: once(() => [path, ...parameters.values(), printExact(call.body, (text) => text)].join('\n')),
    bearer: () => Promise.resolve({ userId, clientId: '' }),
  };
  const combined = await org.control.faults.effectOn(facts, (name) => userIdOf(org, name));
  if (!combined) return handle(call);
  const given = await answerUnderFaults(org, combined, call, (db, isStale) =>
    handle(isStale ? { ...call, db, isStale } : call),
  );
  return { ...given, body: embeddable(given.body) };
}

/** A body may have 150 MB, and several faults may search it. */
function once(make: () => string): () => string {
  let made: string | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

/** Inside another answer everything must be JSON: an HTML page becomes a text. */
function embeddable(body: string | null): string | null {
  if (body === null) return null;
  try {
    JSON.parse(body);
    return body;
  } catch {
    return JSON.stringify(body);
  }
}

async function answerUnderFaults(
  org: Org,
  combined: CombinedEffect,
  request: Pick<Incoming, 'path' | 'parameters'>,
  handle: Handle,
): Promise<Answer> {
  const { snapshots, sleep, stopped } = org.control;
  if (combined.delayMs !== undefined) await sleep(combined.delayMs);
  if (combined.hang === 'before') await Promise.race([combined.released, stopped]);
  if (combined.reset === 'before') return lost;
  const instead = replacement(combined, request);
  if (instead && !combined.isHandled) return afterwards(org, combined, instead);
  const { readFrom } = combined;
  const real = await (readFrom === undefined
    ? handle(org.db, false)
    : snapshots.read(readFrom, (db) => handle(db, true))
  ).catch(asAnswer);
  return afterwards(org, combined, instead ?? real);
}

const lost: Answer = { status: 500, body: null, delivery: { isReset: true } };

function asAnswer(error: unknown): Answer {
  const known = asOrgError(error);
  if (!known) throw error;
  return errorAnswer(known);
}

/** When the work is done, or was skipped. */
async function afterwards(org: Org, combined: CombinedEffect, given: Answer): Promise<Answer> {
  const { sleep, stopped } = org.control;
  if (combined.delayAnswerMs !== undefined) await sleep(combined.delayAnswerMs);
  if (combined.hang === 'after') await Promise.race([combined.released, stopped]);
  if (combined.reset === 'after') return lost;
  return { ...given, body: corruptedBody(combined, given.body), delivery: deliveryOf(org, combined) };
}

function corruptedBody({ emptyBody, rows, random }: CombinedEffect, body: string | null): string | null {
  if (emptyBody) return '';
  return rows && body !== null ? corruptRows(body, rows, random) : body;
}

function replacement(
  combined: CombinedEffect,
  request: Pick<Incoming, 'path' | 'parameters'>,
): Answer | undefined {
  const { redirectTo, answer, respond } = combined;
  if (redirectTo !== undefined) return { status: 302, headers: { Location: redirectTo }, body: '' };
  if (respond) {
    const { status, headers, body } = respond;
    if (typeof body !== 'string') return { status, headers, body: JSON.stringify(body) ?? null };
    return { status, headers: { 'Content-Type': 'text/plain;charset=UTF-8', ...headers }, body };
  }
  if (answer === undefined) return undefined;
  const soql = request.parameters.get('q') ?? undefined;
  const [, from] = /\bFROM\s+(\w+)/i.exec(soql ?? '') ?? [];
  const sobject = from ?? request.path[request.path.indexOf('sobjects') + 1] ?? '';
  const { name = '', retryAfterSeconds = 30 } = combined;
  return namedAnswer(answer, { name, soql, sobject, retryAfterSeconds });
}

function deliveryOf(org: Org, combined: CombinedEffect): Delivery {
  const { headers, dateOffsetMs, limitInfo, firing, truncate, bytesPerSecond } = combined;
  const { used, max } = org.usage;
  const limits = {
    absent: null,
    garbage: 'api-usage=many/\u00e9',
    shrinking: `api-usage=${used}/${Math.max(used, Math.floor(max / (firing + 1)))}`,
  };
  return {
    headers: {
      ...(dateOffsetMs !== undefined && { Date: new Date(org.clock.now() + dateOffsetMs).toUTCString() }),
      ...(limitInfo && { 'Sforce-Limit-Info': limits[limitInfo] }),
      ...headers,
    },
    ...(truncate && { truncate }),
    ...(bytesPerSecond !== undefined && { bytesPerSecond }),
  };
}
