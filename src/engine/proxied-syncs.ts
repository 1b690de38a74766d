import type { Sync } from '../control/index.ts';
import type { OrgId, RecordId, SyncId } from '../core/ids.ts';
import { isSyncId } from '../core/ids.ts';
import type { WrittenRecord } from '../core/written-record.ts';
import type { Outcome } from '../postgres/index.ts';
import type { EngineDeps, OpenSync, OpenSyncs } from './open-syncs.ts';
import { markForReading, type ReadBackDeps, type ReadBackOptions, readBack } from './read-back.ts';

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
  return open && proxied(deps, open, open.settings);
}

/** What a proxied write of one sync does, whoever has it open. */
export function proxied(
  { clock, owner }: Pick<EngineDeps, 'clock' | 'owner'>,
  open: Pick<OpenSync, 'salesforce' | 'bell' | 'urgent'> & Pick<ReadBackDeps, 'destination'>,
  settings: Pick<Sync, 'id' | 'orgId' | 'instanceUrl' | 'sobjects'>,
): ProxiedSync {
  const { salesforce } = open;
  const destination = () => open.destination();
  const streams = new Set(settings.sobjects.map((name) => name.toLowerCase()));
  return {
    id: settings.id,
    orgId: settings.orgId,
    instanceUrl: settings.instanceUrl,
    streams,
    recordIntent: async (intent) => (await destination()).mirror.recordIntent({ ...intent, owner }),
    recordOutcome: async (intent, outcome) => (await destination()).mirror.recordOutcome(intent, outcome),
    readBack: (written, options, signal) =>
      readBack({ clock, owner, salesforce, destination }, written, options, signal),
    markDirty: async (sobject, recordId) => {
      await markForReading(await destination(), sobject, recordId as RecordId);
      open.urgent.add(sobject);
      open.bell.ring();
    },
    pollSoon(sobject) {
      for (const one of sobject === null ? streams : [sobject]) open.urgent.add(one);
      open.bell.ring();
    },
  };
}
