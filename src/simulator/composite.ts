import { z } from 'zod';
import { type Answer, type Call, errorAnswer } from './answer.ts';
import { asOrgError, methodNotAllowed, notFound, type OrgError, parserError, refused } from './errors.ts';
import { type Answers, haltedAnswer, resolveBody, resolveText } from './references.ts';
import { splitTarget } from './target.ts';

/**
 * `/composite`: up to 25 subrequests in order, one API call in all. The bodies of the answers are put together as
 * text, so that a page of 2,000 records costs no more than alone.
 */
const subrequestsMax = 25;
const queriesMax = 5;

const envelope = z.object({
  allOrNone: z.boolean().default(false),
  collateSubrequests: z.boolean().default(false),
  compositeRequest: z.array(
    z.object({
      method: z.string(),
      url: z.string(),
      referenceId: z.string().regex(/^[A-Za-z]\w*$/),
      body: z.unknown().optional(),
      httpHeaders: z.record(z.string(), z.string()).default({}),
    }),
  ),
});
type Subrequest = z.infer<typeof envelope>['compositeRequest'][number];
type Route = (call: Call) => Promise<Answer>;

export async function composite(call: Call, route: Route): Promise<Answer> {
  if (call.method !== 'POST') throw methodNotAllowed(call.method, ['POST']);
  const { allOrNone, compositeRequest } = readEnvelope(call.body);
  const answers = allOrNone
    ? await runAllOrNone(call, compositeRequest, route)
    : await runEach(call, compositeRequest, route);
  const parts = compositeRequest.map(({ referenceId }) => {
    const { body, headers, status } = answers.get(referenceId) ?? haltedAnswer();
    return `{"body":${body},"httpHeaders":${JSON.stringify(headers ?? {})},"httpStatusCode":${status},"referenceId":"${referenceId}"}`;
  });
  return { status: 200, body: `{"compositeResponse":[${parts.join(',')}]}` };
}

function readEnvelope(body: unknown): z.infer<typeof envelope> {
  const read = envelope.safeParse(body);
  if (!read.success) {
    const where = read.error.issues.map((issue) => issue.path.join('.') || 'the body').join(', ');
    throw parserError(`The composite request is not well formed at: ${where}`);
  }
  const { compositeRequest } = read.data;
  if (compositeRequest.length > subrequestsMax) {
    throw refused('LIMIT_EXCEEDED', `A composite request can contain up to ${subrequestsMax} subrequests.`);
  }
  if (compositeRequest.filter(isQuery).length > queriesMax) {
    throw refused('LIMIT_EXCEEDED', `A composite request can contain up to ${queriesMax} query operations.`);
  }
  const ids = compositeRequest.map(({ referenceId }) => referenceId);
  if (new Set(ids).size < ids.length) {
    throw refused('INVALID_INPUT', 'Provided reference ids are not unique in this composite request.');
  }
  return read.data;
}

/** Query, QueryAll, the further pages and collections share one allowance; rows and describes have none. */
const isQuery = ({ url }: Subrequest): boolean =>
  /^\/services\/data\/v[\d.]+\/(query|queryAll|composite\/sobjects)([/?]|$)/i.test(url);

async function runEach(call: Call, subrequests: readonly Subrequest[], route: Route): Promise<Answers> {
  const answers = new Map<string, Answer>();
  for (const subrequest of subrequests) {
    answers.set(subrequest.referenceId, await run(call, subrequest, answers, route));
  }
  return answers;
}

/** Carries the one answer of its own that survives the roll-back. */
class RolledBack extends Error {
  override readonly name = 'RolledBack';
  readonly failed: Answers;

  constructor(referenceId: string, failed: Answer) {
    super('a subrequest failed');
    this.failed = new Map([[referenceId, failed]]);
  }
}

async function runAllOrNone(call: Call, subrequests: readonly Subrequest[], route: Route): Promise<Answers> {
  try {
    return await call.write(async (tx) => {
      const answers = new Map<string, Answer>();
      const inside: Call = { ...call, db: tx, write: (work) => work(tx), isAllOrNone: true };
      for (const subrequest of subrequests) {
        const given = await run(inside, subrequest, answers, route);
        if (given.isRolledBack || (given.status >= 300 && given.status !== 304))
          throw new RolledBack(subrequest.referenceId, given);
        answers.set(subrequest.referenceId, given);
      }
      return answers;
    });
  } catch (error) {
    if (error instanceof RolledBack) return error.failed;
    throw error;
  }
}

async function run(call: Call, subrequest: Subrequest, answers: Answers, route: Route): Promise<Answer> {
  try {
    return await route(subcall(call, subrequest, answers));
  } catch (error) {
    const known: OrgError | undefined = asOrgError(error);
    if (!known) throw error;
    return errorAnswer(known);
  }
}

function subcall(call: Call, { method, url, body, httpHeaders }: Subrequest, answers: Answers): Call {
  const target = splitTarget(url);
  if (!target?.version || target.path[0] === 'jobs') throw notFound();
  // Of the composite family only collections may stand inside.
  if (target.path[0] === 'composite' && target.path[1] !== 'sobjects') throw notFound();
  const parameters = new URLSearchParams();
  for (const [name, value] of target.parameters) parameters.append(name, resolveText(value, answers));
  const headers = new Map(Object.entries(httpHeaders).map(([name, value]) => [name.toLowerCase(), value]));
  return {
    ...call,
    method: method.toUpperCase(),
    version: target.version,
    path: target.path.map((segment) => resolveText(segment, answers)),
    parameters,
    header: (name) => headers.get(name),
    body: resolveBody(body, answers),
  };
}
