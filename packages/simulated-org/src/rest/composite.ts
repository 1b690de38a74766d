import { z } from 'zod';
import { type Answer, answer, dataPath } from '../http/answer.ts';
import { type Call } from '../http/call.ts';
import { readEnvelope } from '../http/envelope.ts';
import { methodNotAllowed, refused } from '../http/errors.ts';
import {
  checkSubrequests,
  compositeJson,
  type Route,
  runAllOrNone,
  runEach,
  type Subrequest,
  subrequestSchema,
} from './subrequests.ts';

/** `/composite`: up to 25 subrequests in order, as one API call. */
const subrequestsMax = 25;
const queriesMax = 5;

const envelope = z.object({
  allOrNone: z.boolean().default(false),
  /** Lets Salesforce run creates of one type together. The answer is the same. */
  collateSubrequests: z.boolean().default(false),
  compositeRequest: z.array(subrequestSchema),
});

export async function composite(call: Call, route: Route): Promise<Answer> {
  if (call.method === 'GET') return resources(call);
  if (call.method !== 'POST') throw methodNotAllowed(call.method, ['GET', 'POST', 'HEAD']);
  const { allOrNone, compositeRequest } = readComposite(call);
  const answers = allOrNone
    ? await runAllOrNone(call, compositeRequest, route)
    : await runEach(call, compositeRequest, route);
  return { status: 200, body: compositeJson(compositeRequest, answers) };
}

const resources = ({ version }: Call): Answer =>
  answer(
    200,
    Object.fromEntries(
      ['tree', 'batch', 'sobjects', 'graph'].map((name) => [name, dataPath(version, 'composite', name)]),
    ),
  );

function readComposite(call: Call): z.infer<typeof envelope> {
  const whole = readEnvelope(envelope, call.body, 'The composite request');
  const { compositeRequest } = whole;
  if (compositeRequest.length > subrequestsMax) {
    throw refused('LIMIT_EXCEEDED', `A composite request can contain up to ${subrequestsMax} subrequests.`);
  }
  if (compositeRequest.filter(isQuery).length > queriesMax) {
    throw refused('LIMIT_EXCEEDED', `A composite request can contain up to ${queriesMax} query operations.`);
  }
  checkSubrequests(call, compositeRequest);
  return whole;
}

/** Query, QueryAll, further pages and collections share one limit; rows and describes have none. */
const isQuery = ({ url }: Subrequest): boolean =>
  /^\/services\/data\/v[\d.]+\/(query|queryAll|composite\/sobjects)([/?]|$)/i.test(url);
