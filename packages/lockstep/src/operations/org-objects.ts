/** What an org has that could be mirrored. */
import type { z } from 'zod';
import { type OrgObject, type orgObjectsQuery, recommendedObjects } from '../contract/org-objects.ts';
import { freshnessOf, unreadableBecause } from '../core/describe.ts';
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
  const items = await detailOrgObjects(salesforce, page.items, query.details === 'true', signal);
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
  hasDetails: boolean,
  signal: AbortSignal,
): Promise<OrgObject[]> {
  const names = objects.filter(({ unreadable }) => unreadable === null).map(({ sobject }) => sobject);
  const counts = await countRecords(salesforce, names, signal);
  const described = hasDetails ? await describeSObjects(salesforce, names, signal) : [];
  const byName = new Map(described.map((describe) => [describe.name, describe]));
  return objects.map((object) => {
    const describe = byName.get(object.sobject);
    const unreadable = describe ? unreadableBecause(describe) : object.unreadable;
    const records = unreadable === null ? (counts.get(object.sobject) ?? null) : null;
    return { ...object, unreadable, records, ...(describe && freshnessOf(describe)) };
  });
}
