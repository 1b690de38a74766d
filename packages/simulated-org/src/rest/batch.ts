import { z } from 'zod';
import { type Answer, errorAnswer } from '../http/answer.ts';
import { type Call } from '../http/call.ts';
import { readEnvelope } from '../http/envelope.ts';
import { asOrgError, methodNotAllowed, notFound, OrgError, refused } from '../http/errors.ts';
import { splitTarget } from '../http/target.ts';

/**
 * `/composite/batch`: up to 25 independent requests. Unlike in a composite, each counts against the org's request
 * limit.
 */
const subrequestsMax = 25;

const envelope = z.object({
  haltOnError: z.boolean().default(false),
  batchRequests: z.array(
    z.object({ method: z.string(), url: z.string(), richInput: z.unknown().optional() }),
  ),
});
type Subrequest = z.infer<typeof envelope>['batchRequests'][number];
type Route = (call: Call) => Promise<Answer>;

export async function batch(call: Call, route: Route): Promise<Answer> {
  if (call.method !== 'POST') throw methodNotAllowed(call.method, ['POST']);
  const { haltOnError, batchRequests } = readEnvelope(envelope, call.body, 'The batch request');
  if (batchRequests.length > subrequestsMax) {
    throw refused('LIMIT_EXCEEDED', `A batch request can contain up to ${subrequestsMax} subrequests.`);
  }
  const answers: Answer[] = [];
  for (const [index, subrequest] of batchRequests.entries()) {
    const isHalted = haltOnError && answers.some(isFailure);
    answers.push(isHalted ? errorAnswer(halted()) : await run(call, subrequest, index, route));
  }
  const results = answers.map(({ status, body }) => `{"statusCode":${status},"result":${body}}`);
  const body = `{"hasErrors":${answers.some(isFailure)},"results":[${results.join(',')}]}`;
  return { status: 200, body };
}

const isFailure = ({ status }: Answer): boolean => status >= 400;

const halted = () => new OrgError(412, 'BATCH_PROCESSING_HALTED', 'Batch processing halted per request');

/** The request that carries the batch already counts for the first subrequest. */
async function run(call: Call, subrequest: Subrequest, index: number, route: Route): Promise<Answer> {
  try {
    if (index > 0) call.org.usage.spend();
    const given = await route(subcall(call, subrequest));
    // JSON has no form for raw bytes.
    return given.stream ? errorAnswer(notFound()) : given;
  } catch (error) {
    const known = asOrgError(error);
    if (!known) throw error;
    return errorAnswer(known);
  }
}

/** URLs begin with the version, `v62.0/sobjects/…`; a full path is accepted as well. */
function subcall(call: Call, { method, url, richInput }: Subrequest): Call {
  const target = splitTarget(/^\/?v\d/.test(url) ? `/services/data/${url}` : url);
  if (!target?.version || target.path[0] === 'composite') throw notFound();
  return {
    ...call,
    method: method.toUpperCase(),
    version: target.version,
    path: target.path,
    parameters: target.parameters,
    header: () => undefined,
    body: richInput,
  };
}
