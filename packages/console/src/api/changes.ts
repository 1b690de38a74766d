/** Changes that more than one screen makes. A screen's own stand beside it. */
import type { QueryClient } from '@tanstack/react-query';
import { api, bodyOf } from './client.ts';
import { type Snapshot, type Sync, snapshotQuery, syncsQuery } from './queries.ts';

/** Shows a sync as an answer or an event tells it, everywhere at once. */
export function showSync(client: QueryClient, sync: Sync): void {
  client.setQueryData<Snapshot>(snapshotQuery(sync.id).queryKey, (known) => known && { ...known, sync });
  client.setQueryData<Sync[]>(syncsQuery.queryKey, (known) =>
    known?.map((one) => (one.id === sync.id ? sync : one)),
  );
}

/** Pauses a sync or lets it go on, and shows what the answer says. */
export async function setPaused(client: QueryClient, sync: string, paused: boolean): Promise<Sync> {
  const params = { path: { sync } };
  const changed = await bodyOf(api.PATCH('/api/v1/syncs/{sync}', { params, body: { paused } }));
  showSync(client, changed);
  return changed;
}

const leaving = new Set<() => void>();

/** Calls back when the person signs out: what keeps secrets in memory forgets them. */
export function onSignOut(listener: () => void): void {
  leaving.add(listener);
}

export async function signOut(): Promise<void> {
  for (const listener of leaving) listener();
  await bodyOf(api.DELETE('/api/v1/session'));
}
