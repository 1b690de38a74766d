import type { components } from './schema.d.ts';

type ProblemBody = components['schemas']['Problem'];

/** A member of a request, what is wrong with it, and its own next step. */
export type MemberError = ProblemBody['errors'][number];

/** How a request has failed: the API's problem details (RFC 9457), or that no answer came. */
export class Problem extends Error {
  override readonly name = 'Problem';
  /** Of the HTTP answer; 0 if none came. */
  readonly status: number;
  /** Of the catalogue; empty if the failure has no entry there. */
  readonly code: string;
  readonly title: string;
  /** What happened, as a sentence. */
  readonly says: string;
  readonly next: string;
  readonly requestId: string;
  readonly errors: readonly MemberError[];
  readonly lines: readonly string[];
  readonly at = new Date();

  constructor(body: Omit<ProblemBody, 'type' | 'kind'>) {
    super(body.detail);
    this.status = body.status;
    this.code = body.code;
    this.title = body.title;
    this.says = body.detail;
    this.next = body.next;
    this.requestId = body.request_id;
    this.errors = body.errors;
    this.lines = body.lines;
  }

  /** What is wrong with one member, or null. */
  of(field: string): MemberError | null {
    return this.errors.find((one) => one.field === field) ?? null;
  }
}

const none = { code: '', next: '', errors: [], lines: [], request_id: '' };

/** @param text  the body of an answer that is no success */
export function problemOf(status: number, text: string): Problem {
  try {
    const body = JSON.parse(text) as Partial<ProblemBody> | null;
    if (typeof body?.detail === 'string' && typeof body.title === 'string')
      return new Problem({ ...none, ...body, title: body.title, detail: body.detail, status });
  } catch {
    // No JSON at all.
  }
  return foreignAnswer(status);
}

/** Something between here and the server has answered in its own form. */
export const foreignAnswer = (status: number): Problem =>
  new Problem({
    ...none,
    status,
    title: `The answer has the status ${status}`,
    detail: 'It is not from Lockstep: something between this page and the server has answered.',
    next: 'Look at the proxy or load balancer in front of Lockstep.',
  });

/** No answer: the server is away, or the network is. */
export const noAnswer = (): Problem =>
  new Problem({
    ...none,
    status: 0,
    title: 'The server does not answer',
    detail: 'The request got no answer. Nothing is known about its outcome.',
    next: 'See whether lockstep start is running, and whether this machine reaches it.',
  });

/** For whatever a query or a change has thrown. */
export const asProblem = (error: unknown): Problem =>
  error instanceof Problem
    ? error
    : new Problem({
        ...none,
        status: 0,
        title: 'The console has failed',
        detail: error instanceof Error ? error.message : String(error),
        next: 'Reload the page.',
      });
