import type { Sync } from '../../control/index.ts';
import type { OrgId, RecordId, SyncId } from '../../core/ids.ts';
import { isSyncId } from '../../core/ids.ts';
import type { WrittenRecord } from '../../core/written-record.ts';
import type { Outcome } from '../../postgres/index.ts';
import { usageOf } from '../../salesforce/index.ts';
import type { EngineDeps, OpenSync, OpenSyncs } from '../open-syncs.ts';
import { markWritten, type ReadBackOptions, type ReadBackSummary } from './read-back.ts';
import type { WritesDestination } from './related-records.ts';
import type { IngestJob } from './watched-jobs.ts';

/** A record that a request names before it is answered; `id` is null if only its sobject is known. */
export interface NamedRecord {
  sobject: string;
  id: RecordId | null;
}

/** One sync as the proxy in front of it sees it. Sobjects are API names in lower case. */
export interface ProxiedSync {
  id: SyncId;
  orgId: OrgId;
  /** Address of the org, for example `https://acme.my.salesforce.com`. */
  instanceUrl: string;
  /** The mirrored sobjects. */
  streams: ReadonlySet<string>;
  /** Mirrored sobjects by the first three characters of their records' Ids. Throws if the database is away. */
  keyPrefixes(): Promise<ReadonlyMap<string, string>>;
  /** What happens to a write while the mirror's database is away: it is not sent, or is sent and stored later. */
  withoutDatabase: Sync['withoutDatabase'];
  /** Commits the intent to write, before anything is sent. Throws if the database is away. */
  recordIntent(intent: { method: string; named: readonly NamedRecord[] }): Promise<readonly number[]>;
  /** If the database is away, it throws, and records the outcome later. */
  recordOutcome(intents: readonly number[], outcome: Outcome): Promise<void>;
  /** See {@link ReadBacks.read}. */
  readBack(written: readonly WrittenRecord[], options: ReadBackOptions): Promise<ReadBackSummary>;
  /** Has records of one sobject read again with priority. If the database is away, the marks are made later. */
  markDirty(sobject: string, ids: readonly RecordId[]): Promise<void>;
  /** Has sobjects polled with priority; all of them for null. */
  pollSoon(sobjects: readonly string[] | null): void;
  /** The same for writes whose records are not known: reads from the local time at which the first was sent. */
  pollFrom(sobjects: readonly string[], sentAt: number): void;
  /** Counts a request that was sent. `limitInfo`: the header Sforce-Limit-Info of its answer, for the quota. */
  forwarded(limitInfo: string | undefined): void;
  /** Has the sobject of a bulk job polled until the job is finished. */
  watchJob(job: IngestJob): void;
}

/** Null if no sync has the id; then no request is made. */
export async function proxiedSync(
  deps: EngineDeps,
  syncs: OpenSyncs,
  id: string,
): Promise<ProxiedSync | null> {
  const open = isSyncId(id) ? await syncs.of(id) : null;
  return open && proxied(deps, open, open.settings);
}

type ProxiedOpen = Pick<OpenSync, 'mailbox' | 'afterWrites' | 'forwarded'> & {
  destination(): Promise<WritesDestination>;
};

/** The proxy's view of one open sync. */
export function proxied(
  { owner }: Pick<EngineDeps, 'owner'>,
  open: ProxiedOpen,
  settings: Pick<Sync, 'id' | 'orgId' | 'instanceUrl' | 'sobjects' | 'withoutDatabase'>,
): ProxiedSync {
  const { afterWrites } = open;
  const destination = () => open.destination();
  const streams = new Set(settings.sobjects.map((name) => name.toLowerCase()));
  return {
    id: settings.id,
    orgId: settings.orgId,
    instanceUrl: settings.instanceUrl,
    streams,
    keyPrefixes: async () => keyPrefixesOf(await destination()),
    withoutDatabase: settings.withoutDatabase,
    recordIntent: async (intent) => (await destination()).mirror.recordIntent({ ...intent, owner }),
    recordOutcome: async (intents, outcome) => {
      const { deferred } = afterWrites;
      // A write with an outcome is not recovered any more, so its marks must come first.
      if (deferred.hasMarks) return deferred.addOutcome(intents, outcome);
      try {
        await (await destination()).mirror.recordOutcome(intents, outcome);
      } catch (error) {
        deferred.addOutcome(intents, outcome);
        throw error;
      }
    },
    readBack: (written, options) => afterWrites.readBacks.read(written, options),
    markDirty: async (sobject, ids) => {
      try {
        await markWritten(await destination(), sobject, ids);
      } catch {
        return afterWrites.deferred.addMarks(sobject, ids);
      }
      afterWrites.pollSoon([sobject]);
    },
    pollSoon: (sobjects) => afterWrites.pollSoon(sobjects ?? streams),
    pollFrom: (sobjects, sentAt) => open.mailbox.post({ kind: 'poll since', sobjects, sentAt }),
    forwarded: (limitInfo) => open.forwarded(usageOf(limitInfo)),
    watchJob(job) {
      if (streams.has(job.sobject)) afterWrites.jobs.watch(job);
    },
  };
}

/** A prefix that two sobjects share is left out. */
function keyPrefixesOf({ tables }: Pick<WritesDestination, 'tables'>): ReadonlyMap<string, string> {
  const byPrefix = Map.groupBy(tables, ([, { stream }]) => stream.keyPrefix);
  return new Map(
    [...byPrefix].flatMap(([prefix, [first, ...others]]) =>
      prefix !== null && first && others.length === 0 ? [[prefix, first[0]]] : [],
    ),
  );
}
