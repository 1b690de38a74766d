/** What an org says about its objects: the list of all, and chosen ones with their fields. */

import { assert } from '@lockstep/foundation/assert';
import { z } from 'zod';
import type { Describe } from '../core/describe.ts';
import { Fault } from '../core/faults.ts';
import type { Salesforce } from './client.ts';
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
    described.push(...(await describeTogether(salesforce, names.slice(from, from + describesMax), signal)));
  }
  return described;
}

const compositeSchema = z.object({
  compositeResponse: z.array(
    z.object({ referenceId: z.string(), httpStatusCode: z.int(), body: z.unknown() }),
  ),
});

const referenceIdOf = (place: number) => `d${place}`;

async function describeTogether(
  salesforce: Salesforce,
  names: readonly string[],
  signal: AbortSignal,
): Promise<(Describe | Fault)[]> {
  for (const name of names) assert(isApiName(name), 'objects are described by their API name');
  const compositeRequest = names.map((name, place) => ({
    method: 'GET',
    url: `${salesforce.dataPath}/sobjects/${name}/describe`,
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
    if (sub.httpStatusCode === 200) return parse(describeSchema, sub.body, name);
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
