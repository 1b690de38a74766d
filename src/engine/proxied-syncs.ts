import type { OrgId, RecordId, SyncId } from '../core/ids.ts';
import { isSyncId } from '../core/ids.ts';
import type { WrittenRecord } from '../core/written-record.ts';
import { type Outcome, recordIntent, recordOutcome } from '../postgres/index.ts';
import type { EngineDeps, OpenSyncs } from './open-syncs.ts';
import { markForReading, type ReadBackOptions, readBack } from './read-back.ts';

/** One sync as the proxy in front of it sees it. Sobjects are API names in lower case. */
export interface ProxiedSync {
  id: SyncId;
  orgId: OrgId;
  /** Address of the org, for example `https://acme.my.salesforce.com`. */
  instanceUrl: string;
  /** The mirrored sobjects. */
  streams: ReadonlySet<string>;
  /** Commits the intent to write, before anything is sent. Throws when the database is away. */
  recordIntent(intent: { method: string; sobject: string; id: string | null }): Promise<number>;
  recordOutcome(intent: number, outcome: Outcome): Promise<void>;
  /** See {@link readBack}. Throws when Salesforce or the database is away. */
  readBack(
    written: readonly WrittenRecord[],
    options: ReadBackOptions,
    signal: AbortSignal,
  ): Promise<'applied' | 'pending'>;
  /** Has the record read again, first of all. */
  markDirty(sobject: string, id: string): Promise<void>;
  /** Has an sobject polled with priority; all of them for null. */
  pollSoon(sobject: string | null): void;
}

/** Null for an id that no sync has; nothing leaves this machine then. */
export async function proxiedSync(
  deps: EngineDeps,
  syncs: OpenSyncs,
  id: string,
): Promise<ProxiedSync | null> {
  const open = isSyncId(id) ? await syncs.of(id) : null;
  if (!open) return null;
  const { settings } = open;
  const streams = new Set(settings.sobjects.map((name) => name.toLowerCase()));
  return {
    id: settings.id,
    orgId: settings.orgId,
    instanceUrl: settings.instanceUrl,
    streams,
    recordIntent: async (intent) =>
      recordIntent((await open.destination()).db, { ...intent, owner: deps.owner }),
    recordOutcome: async (intent, outcome) => recordOutcome((await open.destination()).db, intent, outcome),
    readBack: (written, options, signal) => readBack(deps, open, written, options, signal),
    markDirty: async (sobject, recordId) => {
      await markForReading(open, sobject, recordId as RecordId);
      open.urgent.add(sobject);
      open.bell.ring();
    },
    pollSoon(sobject) {
      for (const one of sobject === null ? streams : [sobject]) open.urgent.add(one);
      open.bell.ring();
    },
  };
}
