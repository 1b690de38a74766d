/** What an org says about its objects: the list of all, and chosen ones with their fields. */

import { assert } from '@lockstep/foundation/assert';
import { z } from 'zod';
import type { Describe } from '../core/describe.ts';
import { Fault } from '../core/faults.ts';
import type { ServerSeconds } from '../core/stamps.ts';
import type { Salesforce } from './client.ts';
import type { Resource, ResourceAnswer } from './composite.ts';
import { changedAtOf, conditionAfter } from './conditional.ts';
import { faultOf, parseJsonOrUndefined } from './faults.ts';
import { isApiName } from './soql.ts';

const sobjectSchema = z.object({
  name: z.string(),
  label: z.string(),
  custom: z.boolean(),
  queryable: z.boolean(),
  retrieveable: z.boolean(),
});

const listSchema = z.object({ sobjects: z.array(sobjectSchema) });

const fieldSchema = z.object({
  name: z.string(),
  label: z.string(),
  type: z.string(),
  calculated: z.boolean(),
  calculatedFormula: z.string().nullish(),
  filterable: z.boolean(),
  sortable: z.boolean(),
  referenceTo: z.array(z.string()),
  relationshipOrder: z.int().nullable(),
  picklistValues: z.array(z.object({ value: z.string(), active: z.boolean() })).optional(),
});

const describeSchema = sobjectSchema.extend({
  replicateable: z.boolean(),
  keyPrefix: z.string().nullable(),
  fields: z.array(fieldSchema).min(1),
}); // any field type is accepted: Salesforce adds types, and the table plan decides about unknown ones

export type SObject = z.infer<typeof sobjectSchema>;

/**
 * All objects that the sync's user can see. One request.
 *
 * @throws Fault `SCH-08`: the list has an unexpected form; those of a failed request
 */
export async function listSObjects(salesforce: Salesforce, signal: AbortSignal): Promise<readonly SObject[]> {
  const path = `${salesforce.dataPath}/sobjects`;
  const answer = await salesforce.request({ method: 'GET', path, purpose: 'setup' }, signal);
  if (answer.status !== 200) throw faultOf(answer);
  return parse(listSchema, parseJsonOrUndefined(answer.text), 'all objects').sobjects;
}

/** A composite request takes at most this many; describes do not count toward its five queries. */
const describesMax = 25;

/**
 * Objects with their fields, in the order of `names`; fields that the user may not see are absent. One request
 * per 25 objects, so that the set-up of a large sync costs little.
 *
 * @throws Fault `PERM-02`: no such object for this user; `SCH-08`: a description has an unexpected form; `DATA-03`:
 *         the answer is incomplete or malformed, and none of it is used; those of a failed request
 */
export async function describeSObjects(
  salesforce: Salesforce,
  names: readonly string[],
  signal: AbortSignal,
): Promise<readonly Describe[]> {
  const described = await describeEach(salesforce, names, signal);
  return described.map((one) => {
    if (one instanceof Fault) throw one;
    return one;
  });
}

/**
 * The same, with the fault of each object that cannot be described in its place.
 *
 * @param onDone  called with how many are described, at first with 0
 * @throws Fault as {@link describeSObjects}, of a request as a whole
 */
export async function describeEach(
  salesforce: Salesforce,
  names: readonly string[],
  signal: AbortSignal,
  onDone?: (count: number) => void,
): Promise<readonly (Describe | Fault)[]> {
  const described: (Describe | Fault)[] = [];
  for (let from = 0; from < names.length; from += describesMax) {
    onDone?.(from);
    const some = await describeTogether(salesforce, names.slice(from, from + describesMax), signal);
    described.push(...some.map((one) => (one instanceof Fault ? one : one.describe)));
  }
  return described;
}

/** An object's description, and under which condition to ask for the next one. */
export interface DatedDescribe {
  describe: Describe;
  /** An HTTP date, to ask only for a change after it; null: Salesforce gave no date. */
  condition: string | null;
}

/** Up to 25 objects in one request, each with its description or its fault, see {@link describeSObjects}. */
export const describeDated = (
  salesforce: Salesforce,
  names: readonly string[],
  signal: AbortSignal,
): Promise<readonly (DatedDescribe | Fault)[]> => describeTogether(salesforce, names, signal);

/** The resource to ask for an object's description, with a condition only if it has changed since then. */
export const describeResource = (sobject: string, condition: string | undefined): Resource => ({
  path: describePath(sobject),
  unlessChangedSince: condition,
});

/**
 * What a conditional request says: the description has changed, or it has not.
 *
 * @param answeredAt  the `Date` of the whole answer
 * @throws Fault `SCH-08`: the description has an unexpected form
 */
export function readConditional(
  { status, body, changedAt }: ResourceAnswer,
  sobject: string,
  answeredAt: ServerSeconds | null,
): DatedDescribe | 'unchanged' | 'refused' {
  if (status === 304) return 'unchanged';
  if (status !== 200) return 'refused';
  const describe = parse(describeSchema, body, sobject);
  return { describe, condition: conditionAfter(changedAt, answeredAt) };
}

const describePath = (name: string): string => `sobjects/${name}/describe`;

const compositeSchema = z.object({
  compositeResponse: z.array(
    z.object({
      referenceId: z.string(),
      httpStatusCode: z.int(),
      httpHeaders: z.unknown().optional(),
      body: z.unknown(),
    }),
  ),
});

const referenceIdOf = (place: number) => `d${place}`;

async function describeTogether(
  salesforce: Salesforce,
  names: readonly string[],
  signal: AbortSignal,
): Promise<(DatedDescribe | Fault)[]> {
  for (const name of names) assert(isApiName(name), 'objects are described by their API name');
  const compositeRequest = names.map((name, place) => ({
    method: 'GET',
    url: `${salesforce.dataPath}/${describePath(name)}`,
    referenceId: referenceIdOf(place),
  }));
  const body = JSON.stringify({ allOrNone: false, collateSubrequests: false, compositeRequest });
  const path = `${salesforce.dataPath}/composite`;
  const answer = await salesforce.request({ method: 'POST', path, body, purpose: 'setup' }, signal);
  if (answer.status !== 200) throw faultOf(answer);
  const subAnswers = readSubAnswers(answer.text, names.length);
  return names.map((name, place) => {
    const sub = subAnswers.get(referenceIdOf(place));
    if (!sub) throw new Fault('DATA-03', { where: `description ${place}`, stream: name });
    if (sub.httpStatusCode === 200) {
      const changedAt = changedAtOf(JSON.stringify(sub.httpHeaders ?? null));
      const condition = conditionAfter(changedAt, answer.serverNow);
      return { describe: parse(describeSchema, sub.body, name), condition };
    }
    return faultOf({ ...answer, status: sub.httpStatusCode, text: JSON.stringify(sub.body) }, name);
  });
}

/** By reference. There are exactly as many as were asked for, so a duplicate means that another is missing. */
function readSubAnswers(text: string, count: number) {
  const read = compositeSchema.safeParse(parseJsonOrUndefined(text));
  if (!read.success || read.data.compositeResponse.length !== count) {
    throw new Fault('DATA-03', { where: 'the descriptions' });
  }
  return new Map(read.data.compositeResponse.map((sub) => [sub.referenceId, sub]));
}

function parse<T>(schema: z.ZodType<T>, body: unknown, stream: string): T {
  if (body === undefined) throw new Fault('DATA-03', { where: 'the description', stream });
  const read = schema.safeParse(body);
  if (read.success) return read.data;
  const where = read.error.issues.map((issue) => issue.path.join('.')).join(', ');
  throw new Fault('SCH-08', { stream, where });
}
