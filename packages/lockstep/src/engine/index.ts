/**
 * Runs syncs. runSync runs one under a lease, proxiedSync is what the proxy needs of it;
 * everything else is private to the room.
 */
export { type EngineDeps, type OpenSync, type OpenSyncs, openSyncs } from './open-syncs.ts';
export { runSync } from './run/run-sync.ts';
export { readSyncGauges, type SyncGauges } from './sync-gauges.ts';
export { type NamedRecord, type ProxiedSync, proxiedSync } from './writes/proxied-syncs.ts';
