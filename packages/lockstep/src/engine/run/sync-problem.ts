import { clearSyncProblem, recordSyncProblem, type Sync } from '../../control/index.ts';
import type { Fault, FaultCode } from '../../core/faults.ts';
import type { EngineDeps } from '../open-syncs.ts';

/** What one sync waits for: recorded for `status`, and reported to `onSyncProblem` when it begins and ends. */
export interface SyncProblem {
  begin(fault: Fault, waitMs: number): Promise<void>;
  /** Cheap if there is no problem. */
  end(): Promise<void>;
}

export function openSyncProblem(deps: EngineDeps, { id, name }: Pick<Sync, 'id' | 'name'>): SyncProblem {
  // An earlier run may have left one.
  let code: FaultCode | 'unknown' | null = 'unknown';
  return {
    async begin(fault, waitMs) {
      await recordSyncProblem(deps.control, id, fault, waitMs);
      if (code !== fault.code) deps.onSyncProblem?.({ sync: id, name, fault });
      code = fault.code;
    },
    async end() {
      if (code === null) return;
      await clearSyncProblem(deps.control, id);
      if (code !== 'unknown') {
        deps.log.info('sync recovered', { sync: id, code });
        deps.onSyncProblem?.({ sync: id, name, fault: null });
      }
      code = null;
    },
  };
}
