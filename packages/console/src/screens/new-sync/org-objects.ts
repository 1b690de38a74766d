/** What the org has that could be mirrored. */
import { useQuery } from '@tanstack/react-query';
import { useEffect } from 'react';
import { api, bodyOf } from '../../api/client.ts';
import type { components } from '../../api/schema.d.ts';
import { changeDraft, readDraft } from './draft.ts';
import { type Connection, connectionOf } from './requests.ts';

export type OrgObject = components['schemas']['OrgObject'];
export type OrgField = components['schemas']['OrgField'];

const pageSize = 500;

async function readAll(body: Connection, signal: AbortSignal): Promise<OrgObject[]> {
  const found: OrgObject[] = [];
  let after: string | null = null;
  do {
    const query: { limit: number; after?: string } = { limit: pageSize, ...(after !== null && { after }) };
    const page = await bodyOf(api.POST('/api/v1/org-objects', { body, signal, params: { query } }));
    found.push(...page.items);
    after = page.next;
  } while (after !== null);
  return found;
}

/** What can be chosen and mostly is comes first. */
const rankOf = ({ is_recommended: isRecommended, unreadable, is_custom: isCustom }: OrgObject): number =>
  unreadable !== null ? 3 : isRecommended ? 0 : isCustom ? 1 : 2;

const byRank = (one: OrgObject, other: OrgObject): number =>
  rankOf(one) - rankOf(other) || one.label.localeCompare(other.label);

/** @param signedIn  the sign-in whose user sees them: the key of what was read, which holds no secret */
export function useOrgObjects(signedIn: string) {
  const query = useQuery({
    queryKey: ['new sync', signedIn, 'objects'],
    queryFn: async ({ signal }) => (await readAll(connectionOf(readDraft()), signal)).toSorted(byRank),
    staleTime: Infinity,
  });
  const { data } = query;
  useEffect(() => {
    if (!data || readDraft().objects !== null) return;
    changeDraft({
      objects: data
        .filter((one) => one.is_recommended && one.unreadable === null)
        .map(({ sobject }) => sobject),
    });
  }, [data]);
  return query;
}

export const useOrgFields = (signedIn: string, object: string) =>
  useQuery({
    queryKey: ['new sync', signedIn, 'fields', object],
    queryFn: async ({ signal }) => {
      const options = { body: connectionOf(readDraft()), signal, params: { path: { object } } };
      return (await bodyOf(api.POST('/api/v1/org-objects/{object}/fields', options))).fields;
    },
    staleTime: Infinity,
  });
