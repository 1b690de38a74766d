/** What an org has that could be mirrored. */
import type { z } from 'zod';
import { type OrgObject, type orgObjectsQuery, recommendedObjects } from '../contract/org-objects.ts';
import { type Describe, freshnessOf, unreadableBecause } from '../core/describe.ts';
import { neededParentOf, parentFieldsOf } from '../core/object-restrictions.ts';
import { countRecords, describeSObjects, listSObjects, type Salesforce } from '../salesforce/index.ts';

const recommended = new Set<string>(recommendedObjects);

type Query = z.infer<typeof orgObjectsQuery>;
type Filter = Pick<Query, 'search' | 'only'>;

/**
 * A page of the objects that the sync's user can see: one request, and those for the page's counts and details.
 *
 * @param chosen  API names that the sync mirrors
 * @param cut     cuts the page out of the list
 */
export async function pageOfOrgObjects<Page extends { items: OrgObject[] }>(
  salesforce: Salesforce,
  chosen: readonly string[],
  query: Query,
  cut: (found: OrgObject[]) => Page,
  signal: AbortSignal,
): Promise<Page> {
  const page = cut(await findOrgObjects(salesforce, chosen, query, signal));
  const items = await detailOrgObjects(salesforce, page.items, chosen, query.details === 'true', signal);
  return { ...page, items };
}

async function findOrgObjects(
  salesforce: Salesforce,
  chosen: readonly string[],
  { search, only }: Filter,
  signal: AbortSignal,
): Promise<OrgObject[]> {
  const sobjects = await listSObjects(salesforce, signal);
  const wanted = search?.trim().toLowerCase() ?? '';
  return sobjects
    .map(
      (sobject): OrgObject => ({
        sobject: sobject.name,
        label: sobject.label,
        is_custom: sobject.custom,
        is_recommended: recommended.has(sobject.name),
        is_chosen: chosen.includes(sobject.name),
        unreadable: unreadableBecause(sobject),
        records: null,
        freshness: null,
        note: null,
        pass_requests: null,
      }),
    )
    .filter(({ sobject, label }) => `${sobject}\n${label}`.toLowerCase().includes(wanted))
    .filter((object) => only === undefined || filters[only](object));
}

const filters: Record<NonNullable<Filter['only']>, (object: OrgObject) => boolean> = {
  recommended: (object) => object.is_recommended,
  standard: (object) => !object.is_custom,
  custom: (object) => object.is_custom,
  possible: (object) => object.unreadable === null,
  'not possible': (object) => object.unreadable !== null,
  chosen: (object) => object.is_chosen,
};

/** With their counts, one request per 150; with details also how their changes are learned of. */
async function detailOrgObjects(
  salesforce: Salesforce,
  objects: readonly OrgObject[],
  chosen: readonly string[],
  hasDetails: boolean,
  signal: AbortSignal,
): Promise<OrgObject[]> {
  const names = objects.filter(({ unreadable }) => unreadable === null).map(({ sobject }) => sobject);
  const described = hasDetails ? await describeSObjects(salesforce, names, signal) : [];
  const byName = new Map(described.map((describe) => [describe.name, describe]));
  const parents = described.flatMap((describe) => parentsOf(describe, chosen));
  const counts = await countRecords(salesforce, [...new Set([...names, ...parents])], signal);
  return objects.map((object) => {
    const describe = byName.get(object.sobject);
    const unreadable = describe ? unreadableBecause(describe) : object.unreadable;
    const records = unreadable === null ? (counts.get(object.sobject) ?? null) : null;
    const details = describe && {
      ...freshnessOf(describe),
      pass_requests: unreadable === null ? passRequests(describe, chosen, counts) : null,
    };
    return { ...object, unreadable, records, ...details };
  });
}

/** The objects by whose records it would be read: those that it needs, and the chosen ones. */
function parentsOf({ name, fields }: Describe, chosen: readonly string[]): string[] {
  const needed = neededParentOf(name);
  if (needed === null) return [];
  const all = new Set([needed, ...chosen]);
  const referred = (parentFieldsOf(name) ?? []).flatMap(
    (one) => fields.find((field) => field.name === one)?.referenceTo ?? [],
  );
  return referred.filter((sobject) => all.has(sobject));
}

/** Queries of up to 2,000 records or parents each, five in a request. */
const rowsPerRequest = 10_000;

function passRequests(
  describe: Describe,
  chosen: readonly string[],
  counts: ReadonlyMap<string, number>,
): number | null {
  if (freshnessOf(describe).freshness === 'polled') return null;
  const parents = parentsOf(describe, chosen);
  const rows = (parents.length > 0 ? parents : [describe.name]).map((name) => counts.get(name));
  if (rows.includes(undefined)) return null;
  const all = rows.reduce<number>((sum, count) => sum + (count ?? 0), 0);
  return Math.max(1, Math.ceil(all / rowsPerRequest));
}
