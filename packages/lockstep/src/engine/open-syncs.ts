import type { Clock } from '@lockstep/foundation/clock';
import { WakeSignal } from '@lockstep/foundation/wake-signal';
import {
  type Control,
  countRequest,
  openCredential,
  openWriterUrl,
  readSync,
  type Sync,
} from '../control/index.ts';
import type { Fault } from '../core/faults.ts';
import type { SyncId } from '../core/ids.ts';
import type { AppLog } from '../core/log-fields.ts';
import { type Destination, openDestinationForWrites } from '../postgres/index.ts';
import { openSalesforce, type Salesforce, type Usage } from '../salesforce/index.ts';
import { afterAnswer, openQuota, type Quota } from './plan/quota.ts';
import { Mailbox } from './run/mailbox.ts';
import { type AfterWrites, openAfterWrites } from './writes/after-writes.ts';

/**
 * One sync as this process works with it: shared by whoever runs it and by the proxy in front of it. There is one
 * Salesforce session for both, and the mailbox by which the proxy reaches the poll.
 */
export interface OpenSync {
  /** The newest settings; replaced when the control database says that they changed. */
  settings: Sync;
  readonly salesforce: Salesforce;
  /** When the requests of the last minute went out: a budget is kept whatever happens to the run. */
  sentAt: readonly number[];
  readonly mailbox: Mailbox;
  quota: Quota;
  /** Called on each proxied request that has left, with what its answer says of the org's quota. */
  forwarded(usage: Usage | null): void;
  /** Shared by all proxied writes. */
  readonly afterWrites: AfterWrites;
  /** The destination for proxied writes, opened at first use. Forgotten where it fails, so that the next use retries. */
  destination(): Promise<Destination>;
  end(): Promise<void>;
}

export interface EngineDeps {
  control: Control;
  clock: Clock;
  log: AppLog;
  /** Hosts beyond Salesforce's own that a sync may name. */
  allowHosts: readonly string[];
  /** This process: the worker's id, and the owner of its intents. */
  owner: string;
  /** Called when a sync begins to wait for something, and with null when it goes on. */
  onSyncProblem?: (news: { sync: SyncId; name: string; fault: Fault | null }) => void;
  /** Called when the last backfill of a sync is complete, at each start after that as well. */
  onComplete?: (news: { sync: SyncId; name: string; rows: number }) => void;
}

export interface OpenSyncs {
  /** Null where the control database knows no such sync. */
  of(id: SyncId): Promise<OpenSync | null>;
  /** Reads the settings again and wakes whoever runs it; null: of all that are open. */
  refresh(id: SyncId | null): Promise<void>;
  /** Rung when this sync may have changed, even one that cannot be opened. For whoever runs it, and nobody else. */
  changeOf(id: SyncId): WakeSignal;
  end(): Promise<void>;
}

/** The syncs that this process has to do with, opened at first use and kept. */
export function openSyncs(deps: EngineDeps): OpenSyncs {
  const open = new Map<SyncId, Promise<OpenSync | null>>();
  const forget = async (id: SyncId) => {
    const sync = open.get(id);
    open.delete(id);
    await (await sync?.catch(() => null))?.end();
  };
  const of = async (id: SyncId) => {
    const known = open.get(id) ?? openOne(deps, id);
    open.set(id, known);
    const sync = await known.catch((error: unknown) => {
      open.delete(id);
      throw error;
    });
    if (!sync) open.delete(id);
    return sync;
  };
  const readAgain = async (id: SyncId) => {
    const sync = await open.get(id);
    if (!sync) return;
    const settings = await readSync(deps.control, id);
    if (!settings) return forget(id);
    sync.settings = settings;
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
      for (const id of open.keys()) await forget(id);
    },
  };
}

/** One reading of a sync's settings at a time, each after the change that asked for it; a failed one is repeated. */
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

/** After a minute the control database is away for longer; when it is back, everything is read again. */
const refreshTriesMax = 30;
const refreshPauseMs = 2_000;

async function openOne(deps: EngineDeps, id: SyncId): Promise<OpenSync | null> {
  const settings = await readSync(deps.control, id);
  if (!settings) return null;
  const { clientId, clientSecret } = await openCredential(deps.control, id);
  const salesforce = openSalesforce({
    loginUrl: settings.loginUrl,
    clientId,
    clientSecret,
    expectOrgId: settings.orgId,
    apiVersion: settings.apiVersion,
    allowHosts: deps.allowHosts,
    clock: deps.clock,
    log: deps.log.with({ sync: id }),
    onRequest: ({ purpose }) => countRequest(deps.control, id, purpose),
  });
  let opened: Promise<Destination> | null = null;
  const destination = () => {
    opened ??= openWriterUrl(deps.control, settings)
      .then((url) => openDestinationForWrites(url, deps.owner))
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
      if (usage) sync.quota = afterAnswer(sync.quota, usage, clock.now());
    },
    afterWrites,
    destination,
    async end() {
      afterWrites.end();
      await salesforce.close();
      await (await opened?.catch(() => null))?.end();
    },
  };
  return sync;
}
