import { type Control, findApiKey } from '../control/index.ts';
import { Fault } from '../core/faults.ts';
import type { SyncId } from '../core/ids.ts';
import type { OpenSyncs } from './open-syncs.ts';

/** What the proxy needs for callers that have a key of a sync in place of a token of Salesforce. */
export const keyedDeps = (control: Control, syncs: Pick<OpenSyncs, 'of'>) => ({
  keyOf: (sync: SyncId, key: string) => findApiKey(control, sync, key),
  async sessionOf(sync: SyncId, signal: AbortSignal) {
    const open = await syncs.of(sync);
    if (!open) throw new Fault('PRX-01');
    return open.salesforce.session(signal);
  },
});
