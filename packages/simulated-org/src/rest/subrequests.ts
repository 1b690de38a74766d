import { z } from 'zod';
import { type Answer, errorAnswer } from '../http/answer.ts';
import { type Call } from '../http/call.ts';
import { asOrgError, notFound, OrgError, parserError, refused } from '../http/errors.ts';
import { splitTarget } from '../http/target.ts';
import {
  type Answers,
  haltedAnswer,
  type Known,
  referenceIdProblem,
  resolveBody,
  resolveText,
} from './references.ts';

/**
 * What `/composite` and `/composite/graph` share: requests that run in order and may refer to earlier answers. The
 * bodies of the answers are joined as text, so that a page of 2,000 records costs no more than alone. No recorded
 * answer confirms the texts about repeated ids and headers.
 */
export const subrequestSchema = z.object({
  method: z.string(),
  url: z.string(),
  referenceId: z.string(),
  body: z.unknown().optional(),
  httpHeaders: z.record(z.string(), z.string()).default({}),
});
export type Subrequest = z.infer<typeof subrequestSchema>;
export type Route = (call: Call) => Promise<Answer>;

/**
 * Since this version a malformed reference id makes the whole request malformed; before, it just cannot be referred
 * to.
 */
const strictIdsSince = 52;
/** Set by the request as a whole. */
const inheritedHeaders = ['accept', 'authorization', 'content-type'];

/** @throws {@link OrgError} if the request as a whole is malformed */
export function checkSubrequests({ version }: Call, subrequests: readonly Subrequest[]): void {
  const ids = subrequests.map(({ referenceId }) => referenceId);
  const malformed = ids.find((id) => !/^[A-Za-z0-9]\w*$/.test(id));
  if (malformed !== undefined && (Number(version) >= strictIdsSince || malformed === '')) {
    throw parserError(referenceIdProblem(malformed));
  }
  if (new Set(ids).size < ids.length) {
    throw refused('INVALID_INPUT', 'Provided reference ids are not unique in this composite request.');
  }
  for (const { httpHeaders } of subrequests) {
    const name = Object.keys(httpHeaders).find((one) => inheritedHeaders.includes(one.toLowerCase()));
    if (name !== undefined) throw refused('INVALID_INPUT', `A subrequest cannot set the header ${name}.`);
  }
}

/** Each succeeds or fails by itself. */
export async function runEach(
  call: Call,
  subrequests: readonly Subrequest[],
  route: Route,
): Promise<Answers> {
  const answers = new Map<string, Answer>();
  for (const subrequest of subrequests) {
    answers.set(subrequest.referenceId, await run(call, subrequest, answers, route));
  }
  return answers;
}

/** Carries the failed answer, the only one that survives the roll-back. */
class RolledBack extends Error {
  override readonly name = 'RolledBack';
  readonly failed: Answers;

  constructor(referenceId: string, failed: Answer) {
    super('a subrequest failed');
    this.failed = new Map([[referenceId, failed]]);
  }
}

/** In one transaction. After a failure only the failed subrequest's answer is returned. */
export async function runAllOrNone(
  call: Call,
  subrequests: readonly Subrequest[],
  route: Route,
): Promise<Answers> {
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

/** `{"compositeResponse":[…]}`; subrequests without an answer were halted. */
export function compositeJson(subrequests: readonly Subrequest[], answers: Answers): string {
  const parts = subrequests.map(({ referenceId }) => {
    const { body, headers, status } = answers.get(referenceId) ?? haltedAnswer();
    return `{"body":${body},"httpHeaders":${JSON.stringify(headers ?? {})},"httpStatusCode":${status},"referenceId":${JSON.stringify(referenceId)}}`;
  });
  return `{"compositeResponse":[${parts.join(',')}]}`;
}

async function run(call: Call, subrequest: Subrequest, answers: Answers, route: Route): Promise<Answer> {
  try {
    const given = await route(subcall(call, subrequest, answers));
    // JSON has no form for raw bytes.
    return given.stream ? errorAnswer(notFound()) : given;
  } catch (error) {
    const known: OrgError | undefined = asOrgError(error);
    if (!known) throw error;
    return errorAnswer(known);
  }
}

function subcall(call: Call, { method, url, body, httpHeaders }: Subrequest, answers: Answers): Call {
  const target = splitTarget(url);
  if (!target?.version || target.path[0] === 'jobs') throw notFound();
  // Of the composite resources, only collections may be inside.
  if (target.path[0] === 'composite' && target.path[1] !== 'sobjects') throw notFound();
  const known: Known = { answers, version: Number(call.version) };
  const parameters = new URLSearchParams();
  for (const [name, value] of target.parameters) parameters.append(name, resolveText(value, known));
  const headers = new Map(Object.entries(httpHeaders).map(([name, value]) => [name.toLowerCase(), value]));
  return {
    ...call,
    method: method.toUpperCase(),
    version: target.version,
    path: target.path.map((segment) => resolveText(segment, known)),
    parameters,
    header: (name) => headers.get(name),
    body: resolveBody(body, known),
  };
}
