/** What an org says of its objects: the list of them, and one with its fields. */
import { z } from 'zod';
import type { Describe } from '../core/describe.ts';
import { Fault } from '../core/faults.ts';
import type { Salesforce } from './client.ts';
import { faultOf, parsed } from './faults.ts';

const sobjectSchema = z.object({
  name: z.string(),
  label: z.string(),
  custom: z.boolean(),
  queryable: z.boolean(),
});

const listSchema = z.object({ sobjects: z.array(sobjectSchema) });

const describeSchema = sobjectSchema.extend({
  fields: z
    .array(z.object({ name: z.string(), label: z.string(), type: z.string(), calculated: z.boolean() }))
    .min(1),
}); // type stays open: Salesforce adds types, and the table plan decides about unknown ones

export type SObject = z.infer<typeof sobjectSchema>;

/**
 * All objects that the sync's user can see. One request.
 *
 * @throws Fault `SCH-08`: the list has an unexpected form; those of a failed request
 */
export function listSObjects(salesforce: Salesforce, signal: AbortSignal): Promise<readonly SObject[]> {
  return read(salesforce, '/sobjects', signal, (text) => parse(listSchema, text, 'all objects').sobjects);
}

/**
 * One object with its fields; those that the user may not see are absent. One request.
 *
 * @throws Fault `PERM-02`: no such object for this user; `SCH-08`: the description has an unexpected form
 */
export function describeSObject(
  salesforce: Salesforce,
  name: string,
  signal: AbortSignal,
): Promise<Describe> {
  const path = `/sobjects/${encodeURIComponent(name)}/describe`;
  return read(salesforce, path, signal, (text) => parse(describeSchema, text, name), name);
}

async function read<T>(
  salesforce: Salesforce,
  path: string,
  signal: AbortSignal,
  parseText: (text: string) => T,
  stream?: string,
): Promise<T> {
  const request = { method: 'GET', path: salesforce.dataPath + path, purpose: 'setup' } as const;
  const answer = await salesforce.request(request, signal);
  if (answer.status !== 200) throw faultOf(answer, stream);
  return parseText(answer.text);
}

function parse<T>(schema: z.ZodType<T>, text: string, stream: string): T {
  const body = parsed(text);
  if (body === undefined) throw new Fault('DATA-03', { where: 'the description', stream });
  const read = schema.safeParse(body);
  if (read.success) return read.data;
  const where = read.error.issues.map((issue) => issue.path.join('.')).join(', ');
  throw new Fault('SCH-08', { stream, where });
}

const nearMax = 5;

/** Names that somebody may have meant by `name`, the nearest first: other case, without `__c`, a letter or two off. */
export function nearNames(name: string, names: readonly string[]): readonly string[] {
  const wanted = plain(name);
  const distanceMax = Math.min(2, Math.floor(wanted.length / 3));
  return names
    .map((other) => ({ other, distance: editDistance(wanted, plain(other)) }))
    .filter(({ distance }) => distance <= distanceMax)
    .toSorted((a, b) => a.distance - b.distance || a.other.localeCompare(b.other))
    .slice(0, nearMax)
    .map(({ other }) => other);
}

const plain = (name: string) => name.toLowerCase().replace(/__c$/, '');

/** Letters to insert, delete or exchange (Levenshtein). */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [index, letter] of Array.from(from).entries()) {
    const next = [index + 1];
    for (const [column, other] of Array.from(to).entries()) {
      const exchanged = (row[column] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(exchanged, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
