import { endOfVersion } from '../core/api-version.ts';
import { hostOf } from '../core/own-database.ts';
import { inRfc3339 } from '../core/plain-words.ts';
import { syncStates } from '../core/states.ts';
import { isHealthy } from './findings.ts';
import { agesOf } from './object-state.ts';
import { objectView } from './object-view.ts';
import type { SyncStatus } from './sync-status.ts';
import { percentOf } from './usage-view.ts';

/** Where a sync's proxy is, undefined if none runs here, and its mirror, without a login. */
export interface SyncPlaces {
  proxyUrl: string | undefined;
  mirrorUrl: string;
}

/** A sync as programs get it: its settings, whether it runs, and what it waits for. Contains no secret. */
export function syncView(
  { sync, health, state, headline, lines, findings, objects, orgUse, unread, now }: SyncStatus,
  { proxyUrl, mirrorUrl }: SyncPlaces,
) {
  const { fault } = health;
  const ages = agesOf(objects, now);
  return {
    id: sync.id,
    name: sync.name,
    org_id: sync.orgId,
    login_url: sync.loginUrl,
    flow: sync.flow,
    instance_url: sync.instanceUrl,
    api_version_ends: endOfVersion(sync.apiVersion, now),
    base_url: proxyUrl === undefined ? null : `${proxyUrl}/${sync.id}`,
    objects: [...sync.sobjects],
    leaving: sync.leaving.map(({ sobject }) => sobject),
    ...settingsView(sync),
    mirror: mirrorView(sync.destination, mirrorUrl),
    state,
    state_word: syncStates[state].word,
    family: syncStates[state].family,
    headline,
    details: [...lines],
    findings: findings.map((finding) => ({ ...finding, is_healthy: isHealthy(finding) })),
    behind_seconds: ages.length === 0 ? null : Math.floor(Math.max(...ages) / 1_000),
    quota_percent: orgUse && percentOf(orgUse),
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

function mirrorView(destination: SyncStatus['sync']['destination'], url: string) {
  const tunnel = destination.kind === 'own' ? destination.address.tunnel : null;
  return {
    url,
    table_schema: destination.tableSchema,
    kind: destination.kind,
    tunnel: tunnel && `${tunnel.user}@${hostOf(tunnel)}`,
  };
}

/** A sync and its objects, at one instant of the mirror's clock. */
export const snapshotView = (seen: SyncStatus, places: SyncPlaces) => ({
  sync: syncView(seen, places),
  objects: seen.objects.map((object) => objectView(object, seen)),
  as_of: new Date(seen.now).toISOString(),
});

/** What can be changed about a sync. */
export const settingsView = ({
  apiVersion,
  paused,
  intervalMs,
  stopAtPercent,
  withoutDatabase,
  foreignKeys,
  leftOut,
}: SyncStatus['sync']) => ({
  api_version: apiVersion,
  paused,
  interval_ms: intervalMs,
  stop_at_percent: stopAtPercent,
  on_database_down: withoutDatabase,
  foreign_keys: foreignKeys,
  fields_left_out: [...leftOut],
});
