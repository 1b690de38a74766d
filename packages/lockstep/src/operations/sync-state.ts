/** The state of a sync, from its settings, its health and the states of its objects. */
import type { Health, Sync } from '../control/index.ts';
import { faults } from '../core/fault-catalogue.ts';
import { isCredentialRefused, isFaultCode, isKeyFault } from '../core/faults.ts';
import { timeOf } from '../core/plain-words.ts';
import type { ObjectState, SyncState } from '../core/states.ts';

/** A wait that ends sooner is not shown, so that one lost request changes nothing on a page. */
const shownAfterMs = 15_000;

const waits: ReadonlySet<SyncState> = new Set([
  'quota_wait',
  'salesforce_unreachable',
  'database_unreachable',
]);

/** What a fault that stops the whole sync makes of it. The code may be of another version. */
export function stateOfFault({ code }: { code: string }): SyncState {
  if (isKeyFault(code)) return 'locked';
  if (isCredentialRefused({ code })) return 'needs_reauth';
  if (code.startsWith('LIM-')) return 'quota_wait';
  if (code.startsWith('SYS-')) return 'not_running'; // its run has ended, and begins again
  const isTransient = !isFaultCode(code) || faults[code].kind === 'transient';
  if (!isTransient && code !== 'SF-02') return 'needs_decision';
  return code.startsWith('DB-') ? 'database_unreachable' : 'salesforce_unreachable';
}

/** The fault that is shown: one that ends within seconds is not. */
export function shownFault({ fault }: Health, now: number): Health['fault'] {
  if (!fault) return null;
  const isShort = waits.has(stateOfFault(fault)) && now - timeOf(fault.since) < shownAfterMs;
  return isShort ? null : fault;
}

/**
 * The first that holds. Paused and not running come before faults: no worker holds such a sync, and the fault of a dead
 * process is out of date.
 *
 * @param unread  why its objects could not be read; null if they were
 */
export function syncStateOf(
  sync: Pick<Sync, 'paused' | 'isDeleting' | 'isRecopying'>,
  { hasWorker, fault }: Health,
  objects: readonly ObjectState[],
  unread: { code: string } | null,
): SyncState {
  if (sync.isDeleting) return 'deleting';
  if (sync.isRecopying) return 'starting';
  if (sync.paused) return 'paused';
  if (!hasWorker) return 'not_running';
  if (fault) return stateOfFault(fault);
  if (unread) return stateOfFault(unread);
  if (objects.every((state) => state === 'queued')) return 'starting';
  if (objects.some((state) => state === 'queued' || state === 'backfilling')) return 'backfilling';
  if (objects.some((state) => state === 'stopped' || state === 'rows_missing')) return 'partly';
  return objects.includes('behind') ? 'catching_up' : 'live';
}
