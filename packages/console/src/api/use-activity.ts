import { type UseQueryResult, useQuery } from '@tanstack/react-query';
import { api, bodyOf } from './client.ts';
import { type Activity, newActivityQuery } from './queries.ts';

interface Asked {
  object?: string;
  kind?: Activity['kind'];
  limit: number;
}

/** What has happened last, the newest first; what happens while the page is open comes with the event stream. */
export function useActivity(
  sync: string,
  { object, kind, limit }: Asked,
): { query: UseQueryResult<Activity[]>; items: readonly Activity[] } {
  const query = useQuery({
    queryKey: ['last activity', sync, object ?? '', kind ?? '', limit],
    queryFn: async ({ signal }) => {
      const asked = { limit, ...(object !== undefined && { object }), ...(kind !== undefined && { kind }) };
      const params = { path: { sync }, query: asked };
      return (await bodyOf(api.GET('/api/v1/syncs/{sync}/activity', { signal, params }))).items;
    },
  });
  const { data: fresh } = useQuery(newActivityQuery(sync));
  const isAsked = (one: Activity) =>
    (object === undefined || one.object === object) && (kind === undefined || one.kind === kind);
  const before = query.data ?? [];
  const known = new Set(before.map(({ id }) => id));
  const added = (fresh ?? []).filter((one) => isAsked(one) && !known.has(one.id));
  return { query, items: [...added, ...before].slice(0, limit) };
}
