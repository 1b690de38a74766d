/** The settings of a sync with their ETag, and changes of them that somebody else's are not lost by. */
import { type QueryClient, queryOptions, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { showAnswer, showSync } from '../../api/changes.ts';
import { api, bodyOf } from '../../api/client.ts';
import { asProblem } from '../../api/problem.ts';
import type { Sync } from '../../api/queries.ts';
import type { components } from '../../api/schema.d.ts';
import { useSnapshot } from '../../frame/use-snapshot.ts';
import { words } from './words.ts';

export type SyncChange = components['schemas']['SyncChange'];
/** What one of the two routes changes. */
export type Change = SyncChange | { api_version: string };

export interface Settings {
  sync: Sync;
  /** Of these very values, for If-Match. */
  tag: string;
}

const settingsQuery = (id: string) =>
  queryOptions({
    queryKey: ['settings', id],
    queryFn: async ({ signal }): Promise<Settings> => {
      const params = { path: { sync: id } };
      return withTag(await api.GET('/api/v1/syncs/{sync}', { signal, params }));
    },
  });

const withTag = ({ data, response }: { data?: Sync; response: Response }): Settings => ({
  sync: data as Sync, // what is no success has been thrown
  tag: response.headers.get('etag') ?? '',
});

export const settingNames = Object.keys(words.settingNames) as (keyof typeof words.settingNames)[];

/** Only what the settings are, which most events leave as it is. */
const textOf = (sync: Sync | undefined) =>
  JSON.stringify([sync?.mirror, ...settingNames.map((name) => sync?.[name])]);

/** Follows the event stream, which tells no ETag. */
export function useSettings() {
  const { sync } = useSnapshot();
  const client = useQueryClient();
  const query = useQuery(settingsQuery(sync.id));
  const isBehind = query.data !== undefined && textOf(query.data.sync) !== textOf(sync);
  useEffect(() => {
    if (isBehind) void client.invalidateQueries(settingsQuery(sync.id));
  }, [client, isBehind, sync.id]);
  return query;
}

export async function readSettings(client: QueryClient, id: string): Promise<Settings> {
  const settings = await client.fetchQuery({ ...settingsQuery(id), staleTime: 0 });
  showSync(client, settings.sync);
  return settings;
}

/** @throws Problem, API-04: the settings are not those of the tag */
export async function changeSettings(
  client: QueryClient,
  id: string,
  change: Change,
  tag: string,
): Promise<Settings> {
  const params = { path: { sync: id }, header: { 'if-match': tag } };
  const changed = withTag(
    'api_version' in change
      ? await api.PUT('/api/v1/syncs/{sync}/api-version', { params, body: change })
      : await api.PATCH('/api/v1/syncs/{sync}', { params, body: change }),
  );
  client.setQueryData(settingsQuery(id).queryKey, changed);
  showAnswer(client, changed.sync);
  return changed;
}

/** For a change whose refusal is shown where it is made: the next press is about the settings as they are then. */
export async function withCurrentTag<T>(
  client: QueryClient,
  id: string,
  change: () => Promise<T>,
): Promise<T> {
  try {
    return await change();
  } catch (error) {
    if (asProblem(error).code === 'API-04') await readSettings(client, id);
    throw error;
  }
}

/** Who has made the newest change of a sync; null: that is not known. */
export async function lastChanger(sync: string): Promise<string | null> {
  try {
    const params = { query: { sync, limit: 10 } };
    const { items } = await bodyOf(api.GET('/api/v1/audit', { params }));
    return items.find(({ refusal }) => refusal === null)?.who ?? null;
  } catch {
    return null; // only an addition to what is said
  }
}
