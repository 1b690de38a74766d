import { z } from 'zod';
import type { Answer } from '../http/answer.ts';
import { errorAnswer } from '../http/answer.ts';
import type { Call } from '../http/call.ts';
import { readEnvelope } from '../http/envelope.ts';
import { asOrgError, methodNotAllowed, notFound, type OrgError, refused } from '../http/errors.ts';
import { splitTarget } from '../http/target.ts';
import { type Answers, referredTo } from './references.ts';
import {
  checkSubrequests,
  compositeJson,
  type Route,
  runAllOrNone,
  type Subrequest,
  subrequestSchema,
} from './subrequests.ts';

/**
 * `/composite/graph`: up to 75 graphs of records, each written as a whole or not at all, as one API call. The limits
 * are documented; the texts of the refusals are not.
 */
const availableSince = 50;
const graphsMax = 75;
/** In all graphs of a request together. */
const nodesMax = 500;
const kindsMax = 15;
const depthMax = 15;
/** After one more, the remaining graphs are not tried. */
const failuresMax = 14;

const envelope = z.object({
  graphs: z.array(
    z.object({
      /** Documented: begins with a letter or digit, shorter than 40 characters, no period. */
      graphId: z.string().regex(/^[A-Za-z0-9][^.]{0,38}$/),
      compositeRequest: z.array(subrequestSchema),
    }),
  ),
});
type Graph = z.infer<typeof envelope>['graphs'][number];

export async function graph(call: Call, route: Route): Promise<Answer> {
  if (Number(call.version) < availableSince) throw notFound();
  if (call.method !== 'POST') throw methodNotAllowed(call.method, ['POST']);
  const graphs = readGraphs(call);
  const parts: string[] = [];
  let failures = 0;
  for (const { graphId, compositeRequest } of graphs) {
    const isHalted = failures > failuresMax;
    const answers: Answers = isHalted ? new Map() : await runGraph(call, compositeRequest, route);
    const isSuccessful =
      !isHalted && compositeRequest.every(({ referenceId }) => wasWritten(answers, referenceId));
    if (!isSuccessful) failures += 1;
    parts.push(
      `{"graphId":${JSON.stringify(graphId)},"graphResponse":${compositeJson(compositeRequest, answers)},"isSuccessful":${isSuccessful}}`,
    );
  }
  return { status: 200, body: `{"graphs":[${parts.join(',')}]}` };
}

const wasWritten = (answers: Answers, referenceId: string): boolean => {
  const given = answers.get(referenceId);
  return given !== undefined && given.status < 400;
};

/** An error outside of any node, for example at the commit, is reported for the last one. */
async function runGraph(call: Call, nodes: readonly Subrequest[], route: Route): Promise<Answers> {
  try {
    return await runAllOrNone(call, nodes, (node) => route(checkNode(node)));
  } catch (error) {
    const known: OrgError | undefined = asOrgError(error);
    const last = nodes.at(-1);
    if (!known || !last) throw error;
    return new Map([[last.referenceId, errorAnswer(known)]]);
  }
}

function readGraphs(call: Call): Graph[] {
  const { graphs } = readEnvelope(envelope, call.body, 'The composite graph request');
  if (new Set(graphs.map(({ graphId }) => graphId)).size < graphs.length)
    throw refused('INVALID_INPUT', 'Provided graph ids are not unique in this composite graph request.');
  const nodes = graphs.flatMap(({ compositeRequest }) => compositeRequest);
  if (graphs.length > graphsMax) throw limited(`${graphsMax} graphs`);
  if (nodes.length > nodesMax) throw limited(`${nodesMax} nodes`);
  if (new Set(nodes.map(kindOf)).size > kindsMax) throw limited(`${kindsMax} different nodes`);
  for (const { compositeRequest } of graphs) {
    checkSubrequests(call, compositeRequest);
    if (depthOf(compositeRequest) > depthMax) throw limited(`${depthMax} levels in a graph`);
  }
  return graphs;
}

const limited = (most: string): OrgError =>
  refused('LIMIT_EXCEEDED', `A composite graph request can contain up to ${most}.`);

/** Nodes differ by API version, method and object. */
function kindOf({ method, url }: Subrequest): string {
  const target = splitTarget(url);
  return [target?.version, method, target?.path[1]].join(' ').toLowerCase();
}

/** The length of the longest chain of nodes in which each refers to the one before. */
function depthOf(nodes: readonly Subrequest[]): number {
  const depths = new Map<string, number>();
  for (const { referenceId, url, body } of nodes) {
    const above = [...referredTo(decoded(url)), ...referredTo(body)].map((id) => depths.get(id) ?? 0);
    depths.set(referenceId, 1 + Math.max(0, ...above));
  }
  return Math.max(0, ...depths.values());
}

const decoded = (url: string): string => {
  const target = splitTarget(url);
  return target ? [...target.path, ...target.parameters.values()].join(' ') : url;
};

/** Rows only, by Id or by external id, and only reading and writing them. */
function checkNode(node: Call): Call {
  const [resource, sobject, key, value, ...more] = node.path;
  const isRow = resource === 'sobjects' && sobject !== undefined && more.length === 0;
  const methods =
    key === undefined
      ? ['POST']
      : value === undefined
        ? ['DELETE', 'GET', 'PATCH']
        : ['DELETE', 'GET', 'PATCH', 'POST'];
  if (
    !isRow ||
    Number(node.version) < availableSince ||
    ['describe', 'updated', 'deleted'].includes(key ?? '')
  )
    throw notFound();
  if (!methods.includes(node.method)) throw methodNotAllowed(node.method, methods);
  return node;
}
