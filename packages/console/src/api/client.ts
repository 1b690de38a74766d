/** Requests to the management API, typed by its own description. What fails throws a {@link Problem}. */
import createClient from 'openapi-fetch';
import { foreignAnswer, noAnswer, type Problem, problemOf } from './problem.ts';
import type { paths } from './schema.d.ts';

/** What every change of a session must send; from the answer that has begun or shown the session. */
let csrfToken = '';
const signedOut = new Set<() => void>();

export function keepCsrfToken(token: string): void {
  csrfToken = token;
}

/** Calls back whenever the API says that nobody is signed in. Returns what ends that. */
export function onSignedOut(listener: () => void): () => void {
  signedOut.add(listener);
  return () => signedOut.delete(listener);
}

const changes = (request: Request) => request.method !== 'GET';

async function send(request: Request): Promise<Response> {
  const again = changes(request) ? request.clone() : null;
  const answer = await trySending(request);
  if (answer.ok) return whole(answer);
  const problem = problemOf(answer.status, answer.text);
  // Another tab has signed in anew: the cookie is of its session, and the token of the former one.
  if (problem.code === 'API-15' && again && (await renewCsrfToken())) return sendOnce(again);
  throw told(problem);
}

async function sendOnce(request: Request): Promise<Response> {
  const answer = await trySending(request);
  if (answer.ok) return whole(answer);
  throw told(problemOf(answer.status, answer.text));
}

type Answer = Pick<Response, 'ok' | 'status' | 'headers'> & { text: string };

/** With the whole body: an answer that breaks off is none. */
async function trySending(request: Request): Promise<Answer> {
  if (changes(request)) request.headers.set('X-Lockstep-CSRF', csrfToken);
  try {
    const answer = await fetch(request);
    const { ok, status, headers } = answer;
    return { ok, status, headers, text: await answer.text() };
  } catch (error) {
    // Whoever has withdrawn a request knows that.
    if (request.signal.aborted) throw error;
    throw noAnswer();
  }
}

/** @throws {@link Problem} if the body is no JSON, such as the page of a load balancer */
function whole({ status, headers, text }: Answer): Response {
  if (text === '') return new Response(null, { status, headers });
  try {
    JSON.parse(text);
  } catch {
    throw foreignAnswer(status);
  }
  return new Response(text, { status, headers });
}

async function renewCsrfToken(): Promise<boolean> {
  const { ok, text } = await trySending(new Request('/api/v1/session'));
  if (!ok) return false;
  csrfToken = (JSON.parse(text) as { csrf_token: string }).csrf_token;
  return true;
}

function told(problem: Problem): Problem {
  if (problem.status === 401) for (const listener of signedOut) listener();
  return problem;
}

export const api = createClient<paths>({ baseUrl: location.origin, fetch: send });

/** The body of an answer. What is no success has already been thrown. */
export async function bodyOf<T>(answer: Promise<{ data?: T }>): Promise<T> {
  return (await answer).data as T;
}
