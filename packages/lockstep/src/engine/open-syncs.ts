import type { Clock } from '@lockstep/foundation/clock';
import { WakeSignal } from '@lockstep/foundation/wake-signal';
import {
  type Control,
  changeApiVersion,
  countRequest,
  openWriter,
  readSync,
  readSyncIds,
  type Sync,
  sessionStore,
} from '../control/index.ts';
import type { Fault } from '../core/faults.ts';
import type { OrgId, SyncId } from '../core/ids.ts';
import type { AppLog } from '../core/log-fields.ts';
import { type Destination, openDestinationForWrites } from '../postgres/index.ts';
import { openSalesforce, type Salesforce, type Usage } from '../salesforce/index.ts';
import { openKnownSyncs } from './known-syncs.ts';
import { afterAnswer, openQuota, type Quota } from './plan/quota.ts';
import { Mailbox } from './run/mailbox.ts';
import { type AfterWrites, openAfterWrites } from './writes/after-writes.ts';

/**
 * One sync as this process has it open, shared by the run and by the proxy in front of it: one Salesforce session for
 * both, and the mailbox through which the proxy reaches the poll.
 */
export interface OpenSync {
  /** The current settings; replaced when they change in the control database. */
  settings: Sync;
  readonly salesforce: Salesforce;
  /** When the requests of the last minute were sent, so that the budget survives a restart of the run. */
  sentAt: readonly number[];
  readonly mailbox: Mailbox;
  quota: Quota;
  /** Called for each proxied request that was sent, with the org's usage if its answer gave it. */
  forwarded(usage: Usage | null): void;
  /** Shared by all proxied writes. */
  readonly afterWrites: AfterWrites;
  /** Objects were added or removed: proxied writes to them are to be mirrored, or not any more. */
  reloadTables(): Promise<void>;
  /** Its address was replaced. Writes that are under way end with the one that they began with. */
  leaveDestination(): void;
  /** The destination for proxied writes, opened at first use. After a failure the next use tries again. */
  destination(): Promise<Destination>;
  end(): Promise<void>;
}

export interface EngineDeps {
  control: Control;
  clock: Clock;
  log: AppLog;
  /** Hosts besides Salesforce's own that a sync may name. */
  allowHosts: readonly string[];
  /** This process: the worker's id, and the owner of its intents. */
  owner: string;
  /** Called when a sync begins to wait for something, and with null when it goes on. */
  onSyncProblem?: (news: { sync: SyncId; name: string; fault: Fault | null }) => void;
  /** Called when the last backfill of a sync is complete, and again at each start after that. */
  onComplete?: (news: { sync: SyncId; name: string; rows: number }) => void;
}

export interface OpenSyncs {
  /**
   * Null if the control database has no such sync.
   *
   * @param orgId  the org that the caller has read it to be of. News of a recopy may come later than the lease that
   *   follows it: what is open for another org is opened again.
   */
  of(id: SyncId, orgId?: OrgId): Promise<OpenSync | null>;
  /** Reads the settings again and wakes the run; null: for all open syncs. */
  refresh(id: SyncId | null): Promise<void>;
  /** Notified when this sync may have changed, even if it cannot be opened. Only for its run. */
  changeOf(id: SyncId): WakeSignal;
  end(): Promise<void>;
}

/** The syncs that this process uses, opened at first use and kept. */
export function openSyncs(deps: EngineDeps): OpenSyncs {
  const open = new Map<SyncId, Promise<OpenSync | null>>();
  /** Not if it has been opened again meanwhile. */
  const forget = async (id: SyncId, known: Promise<OpenSync | null> | undefined) => {
    if (open.get(id) !== known) return;
    open.delete(id);
    await (await known?.catch(() => null))?.end();
  };
  const ids = openKnownSyncs(deps.clock, () => readSyncIds(deps.control));
  const of = async (id: SyncId, orgId?: OrgId): Promise<OpenSync | null> => {
    if (!open.has(id) && !(await ids.has(id))) return null;
    const kept = open.get(id);
    const known = kept ?? openOne(deps, id);
    open.set(id, known);
    const sync = await known.catch((error: unknown) => {
      open.delete(id);
      throw error;
    });
    if (!sync) open.delete(id);
    if (!kept || !sync || orgId === undefined || sync.settings.orgId === orgId) return sync;
    await forget(id, known);
    return of(id, orgId);
  };
  const readAgain = async (id: SyncId) => {
    const known = open.get(id);
    const sync = await known;
    if (!sync) return;
    const settings = await readSync(deps.control, id);
    // Of another org, all that is open here is of no use.
    if (!settings || settings.orgId !== sync.settings.orgId) return forget(id, known);
    const hasOtherObjects = settings.sobjects.join() !== sync.settings.sobjects.join();
    if (settings.destination.revision !== sync.settings.destination.revision) sync.leaveDestination();
    sync.settings = settings;
    if (hasOtherObjects) await sync.reloadTables();
    sync.salesforce.setApiVersion(settings.apiVersion);
    sync.salesforce.forgetRefusal();
    sync.mailbox.post({ kind: 'news' });
  };
  const refreshes = openRefreshes(deps);
  const changes = new Map<SyncId, WakeSignal>();
  return {
    of,
    changeOf(id) {
      const wake = changes.get(id) ?? new WakeSignal();
      changes.set(id, wake);
      return wake;
    },
    async refresh(id) {
      for (const [one, wake] of changes) if (id === null || id === one) wake.notify();
      await Promise.all((id === null ? [...open.keys()] : [id]).map((one) => refreshes.run(one, readAgain)));
    },
    async end() {
      for (const [id, known] of open) await forget(id, known);
    },
  };
}

/** Reads a sync's settings one at a time, each after the change that asked for it; a failed one is repeated. */
function openRefreshes({ clock, log }: EngineDeps) {
  const last = new Map<SyncId, Promise<void>>();
  const untilRead = async (id: SyncId, read: (id: SyncId) => Promise<void>) => {
    for (let tries = 1; tries <= refreshTriesMax; tries++) {
      try {
        return await read(id);
      } catch {
        log.warn('settings not read', { sync: id, tries });
        await clock.sleep(refreshPauseMs);
      }
    }
  };
  return {
    run(id: SyncId, read: (id: SyncId) => Promise<void>): Promise<void> {
      const next = (last.get(id) ?? Promise.resolve()).then(() => untilRead(id, read));
      last.set(id, next);
      return next.finally(() => {
        if (last.get(id) === next) last.delete(id);
      });
    },
  };
}

/** Gives up after a minute: when a control database that was away longer is back, everything is read again. */
const refreshTriesMax = 30;
const refreshPauseMs = 2_000;

async function openOne(deps: EngineDeps, id: SyncId): Promise<OpenSync | null> {
  const settings = await readSync(deps.control, id);
  if (!settings) return null;
  const store = sessionStore(deps.control, id);
  await store.read(); // fails now if the credential cannot be opened
  const salesforce = openSalesforce({
    store,
    expectOrgId: settings.orgId,
    apiVersion: settings.apiVersion,
    allowHosts: deps.allowHosts,
    clock: deps.clock,
    log: deps.log.with({ sync: id }),
    onRequest: ({ purpose }) => countRequest(deps.control, id, purpose),
    onVersionMoved: (apiVersion) =>
      void changeApiVersion(deps.control, id, apiVersion, { code: 'VER-02' }).catch(() => undefined),
  });
  let opened: Promise<Destination> | null = null;
  const left: Promise<Destination>[] = [];
  const destination = () => {
    opened ??= openWriter(deps.control, sync.settings)
      .then((address) => openDestinationForWrites(address, deps.owner))
      .catch((error: unknown) => {
        opened = null;
        throw error;
      });
    return opened;
  };
  const { clock, owner } = deps;
  const log = deps.log.with({ sync: id });
  const mailbox = new Mailbox();
  const afterWrites = openAfterWrites({ clock, log, owner, salesforce, destination, mailbox });
  const sync: OpenSync = {
    settings,
    salesforce,
    sentAt: [],
    mailbox,
    quota: openQuota(settings.stopAtPercent),
    forwarded(usage) {
      countRequest(deps.control, id, 'proxy');
      const { closedUntil } = sync.quota;
      if (usage) sync.quota = afterAnswer(sync.quota, usage, clock.now());
      // Reading would otherwise wait for its own next look, a quarter of an hour later.
      if (closedUntil !== null && sync.quota.closedUntil === null) mailbox.post({ kind: 'news' });
    },
    afterWrites,
    destination,
    reloadTables: async () => (await opened)?.reloadTables(),
    leaveDestination() {
      if (opened) left.push(opened); // its connections close by themselves when nothing has used them for a while
      opened = null;
    },
    async end() {
      afterWrites.end();
      await salesforce.close();
      for (const one of [...left, opened]) await (await one?.catch(() => null))?.end();
    },
  };
  return sync;
}
