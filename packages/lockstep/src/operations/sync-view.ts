import { inRfc3339 } from '../core/plain-words.ts';
import type { SyncStatus } from './sync-status.ts';

/**
 * A sync as programs get it: its settings, whether it runs, and what it waits for. Contains no secret.
 *
 * @param proxyUrl  of the server that runs here; undefined: none does
 */
export function syncView(
  { sync, health, state, headline, unread }: SyncStatus,
  proxyUrl: string | undefined,
) {
  const { fault } = health;
  return {
    id: sync.id,
    name: sync.name,
    org_id: sync.orgId,
    instance_url: sync.instanceUrl,
    api_version: sync.apiVersion,
    base_url: proxyUrl === undefined ? null : `${proxyUrl}/${sync.id}`,
    objects: [...sync.sobjects],
    ...settingsView(sync),
    state,
    headline,
    has_worker: health.hasWorker,
    fault: fault && {
      code: fault.code,
      says: fault.says,
      next: fault.next,
      since: inRfc3339(fault.since),
      retry_at: inRfc3339(fault.retryAt),
    },
    mirror_fault: unread && { code: unread.code, says: unread.message, next: unread.next },
  };
}

/** What can be changed about a sync. */
export const settingsView = ({
  paused,
  intervalMs,
  stopAtPercent,
  withoutDatabase,
  foreignKeys,
}: SyncStatus['sync']) => ({
  paused,
  interval_ms: intervalMs,
  stop_at_percent: stopAtPercent,
  on_database_down: withoutDatabase,
  foreign_keys: foreignKeys,
});
