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

/** More than twice the time between two looks of the event stream. */
const looksAgainMs = 2_500;

/**
 * Shows a sync as the answer to a change tells it. The event stream looks once a second and tells what differs from its
 * last look: what has changed and changed back in between, such as the state after a quick Undo, it never tells. So
 * unless it tells something the sync is read again.
 */
export function showAnswer(client: QueryClient, sync: Sync): void {
  const shownNow = () => client.getQueryData(snapshotQuery(sync.id).queryKey)?.sync;
  showSync(client, sync);
  const shown = shownNow();
  const readAgain = async () => {
    if (shown === undefined || shownNow() !== shown) return;
    const params = { path: { sync: sync.id } };
    const now = await bodyOf(api.GET('/api/v1/syncs/{sync}', { params }));
    if (shownNow() === shown) showSync(client, now);
  };
  // If that fails, the stream fails as well, and then reads everything anew.
  setTimeout(() => void readAgain().catch(() => undefined), looksAgainMs);
}

/** Pauses a sync or lets it go on, and shows what the answer says. */
export async function setPaused(client: QueryClient, sync: string, paused: boolean): Promise<Sync> {
  const params = { path: { sync } };
  const changed = await bodyOf(api.PATCH('/api/v1/syncs/{sync}', { params, body: { paused } }));
  showAnswer(client, changed);
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
