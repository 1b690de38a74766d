import { clearTrouble, recordTrouble, type Sync } from '../../control/index.ts';
import type { Fault, FaultCode } from '../../core/faults.ts';
import type { EngineDeps } from '../open-syncs.ts';

/** What one sync waits for: kept where `status` finds it, and told to whoever watches when it begins and ends. */
export interface Trouble {
  begin(fault: Fault, waitMs: number): Promise<void>;
  /** Cheap where there is none. */
  end(): Promise<void>;
}

export function openTrouble(deps: EngineDeps, { id, name }: Pick<Sync, 'id' | 'name'>): Trouble {
  // A former run may have left one.
  let code: FaultCode | 'not looked at' | null = 'not looked at';
  return {
    async begin(fault, waitMs) {
      await recordTrouble(deps.control, id, fault, waitMs);
      if (code !== fault.code) deps.onTrouble?.({ sync: id, name, fault });
      code = fault.code;
    },
    async end() {
      if (code === null) return;
      await clearTrouble(deps.control, id);
      if (code !== 'not looked at') deps.onTrouble?.({ sync: id, name, fault: null });
      code = null;
    },
  };
}
