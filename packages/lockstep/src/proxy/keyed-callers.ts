/**
 * Callers that have a key of Lockstep's in place of a token of Salesforce. The sync's own session takes the key's place
 * in what is sent, for the few requests that a key reaches.
 */
import type { Clock } from '@lockstep/foundation/clock';
import type { ApiKey } from '../control/index.ts';
import { Fault } from '../core/faults.ts';
import type { SyncId } from '../core/ids.ts';
import type { OwnSession } from '../salesforce/index.ts';
import { ExpiringMap } from './expiring-map.ts';
import { reaches } from './key-reach.ts';
import type { Target } from './target.ts';
import type { Caller } from './token-org.ts';

/** Where keys and sessions come from. */
export interface KeyedDeps {
  /** Null: no key of this sync, or not any more. Throws if the control database does not answer. */
  keyOf: (sync: SyncId, key: string) => Promise<Pick<ApiKey, 'scope'> | null>;
  /** Throws the faults of signing in. */
  sessionOf: (sync: SyncId, signal: AbortSignal) => Promise<OwnSession>;
}

/** With whose rights a keyed request is sent. */
export interface Authority {
  scope: ApiKey['scope'];
  session: OwnSession;
}

export interface KeyedCallers {
  /**
   * @throws Fault `PRX-14`: the key is not one of this sync; `PRX-15`: it does not reach this; `PRX-16`: the sync cannot
   *   sign in; `PRX-12`: the control database does not answer; `NET-01`
   */
  authorityOf(caller: Caller & { key: string }, target: Target, sync: SyncId): Promise<Authority>;
}

/** A revoked key is refused after this time at the latest. */
const kept = { keptMs: 2_000, entriesMax: 1_000 };

export function openKeyedCallers(
  clock: Clock,
  { keyOf, sessionOf }: KeyedDeps,
  stopping: AbortSignal,
): KeyedCallers {
  const known = new ExpiringMap<Pick<ApiKey, 'scope'>>(clock, kept);
  return {
    async authorityOf({ hash, key }, target, sync) {
      const place = `${sync} ${hash}`;
      const remembered = known.get(place);
      const found = remembered ?? (await keyOf(sync, key).catch(unreachable));
      if (!found) throw new Fault('PRX-14');
      if (!remembered) known.set(place, found);
      if (!reaches(found.scope, target)) throw new Fault('PRX-15', { reason: found.scope });
      return { scope: found.scope, session: await sessionOf(sync, stopping).catch(noSession) };
    },
  };
}

function unreachable(cause: unknown): never {
  throw new Fault('PRX-12', {}, { cause });
}

/** What the sync itself waits for is no concern of the caller, but that nothing was sent is. */
export function noSession(cause: unknown): never {
  if (!(cause instanceof Fault) || cause.code.startsWith('NET-')) throw cause;
  throw new Fault('PRX-16', { reason: cause.code }, { cause });
}
