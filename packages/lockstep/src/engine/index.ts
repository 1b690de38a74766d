/**
 * Runs syncs. `runSync` runs one under a lease, and `proxiedSync` is the proxy's view of one; everything else is
 * private to this folder.
 */
export { keyedDeps } from './keyed-deps.ts';
export { type EngineDeps, type OpenSync, type OpenSyncs, openSyncs } from './open-syncs.ts';
export { runSync } from './run/run-sync.ts';
export { readSyncGauges, type SyncGauges } from './sync-gauges.ts';
export { type NamedRecord, type ProxiedSync, proxiedSync } from './writes/proxied-syncs.ts';
