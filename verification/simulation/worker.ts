/**
 * One Lockstep process: the project's own code for running a sync and for proxied writes, on a simulated network,
 * destination and clock. It can die at any step, lose its lease without noticing, and have a clock that is an hour off.
 */

import type { Clock } from '@lockstep/foundation/clock';
import { plainSettings } from '@lockstep/harness/harness-worker';
import type { SyncId } from 'lockstep/core/ids';
import type { AppLog } from 'lockstep/core/log-fields';
import type { LeasedSync, SyncRequestQueue } from 'lockstep/engine/testing';
import {
  type AfterWrites,
  holdSync,
  Mailbox,
  openAfterWrites,
  openQuota,
  proxied,
} from 'lockstep/engine/testing';
import type { Holder, Mirror, StreamTable } from 'lockstep/postgres';
import type { AppliedHeader, RecordWrite, UpstreamAnswer } from 'lockstep/proxy/testing';
import { runWriteThrough, traceRecordWrite, zeroTimes } from 'lockstep/proxy/testing';
import { connectionTo, type Mortal, type Wires } from './connection.ts';
import { orgId } from './network.ts';

export interface WorkerOptions extends Wires {
  mirror: Mirror;
  tables: ReadonlyMap<string, StreamTable>;
  log: AppLog;
  epoch: number;
  living: () => readonly string[];
  syncRequests: SyncRequestQueue;
  /** For a wrong use of the destination; used as it is if undefined. */
  usedAs?: ((mirror: Mirror) => Mirror) | undefined;
  /** The same for the org's answers. */
  readAs?: ((text: string) => string) | undefined;
  /** Called when the sync's run has ended with an unexpected error. */
  onBreak: (error: unknown) => void;
}

export class Worker implements Mortal {
  readonly owner: string;
  readonly mailbox = new Mailbox();
  readonly salesforce;
  readonly mirror: Mirror;
  readonly holder: Holder;
  private readonly afterWrites: AfterWrites;
  settings: LeasedSync['settings'];
  sentAt: readonly number[] = [];
  quota = openQuota(90);
  isAlive = true;
  isDoomed = false;
  /** How far its clock is off from the true time, in milliseconds. */
  clockOffMs = 0;

  /** Its tables are never planned again. */
  private get destination() {
    return { mirror: this.mirror, tables: this.options.tables, reloadTables: async () => undefined };
  }

  private readonly options: WorkerOptions;
  private readonly stopping = new AbortController();

  constructor(options: WorkerOptions) {
    const { mirror, epoch, network, profile } = options;
    this.options = options;
    this.owner = `worker ${epoch}`;
    this.holder = { owner: this.owner, epoch };
    this.settings = { intervalMs: profile.intervalMs, ...plainSettings };
    const connection = connectionTo(mirror, this, options);
    this.mirror = options.usedAs?.(connection) ?? connection;
    this.salesforce = network.clientOf(this, options.readAs);
    const { owner, clock, salesforce } = this;
    this.afterWrites = openAfterWrites({
      clock,
      log: options.log,
      owner,
      salesforce,
      destination: async () => this.destination,
      mailbox: this.mailbox,
    });
  }

  /** Takes over the sync and runs it until it dies or somebody else takes over. */
  run(): void {
    const { log, profile, living, onBreak } = this.options;
    const held = holdSync(
      {
        clock: this.clock,
        log,
        holder: this.holder,
        salesforce: this.salesforce,
        open: this,
        openDestination: async () => ({ ...this.destination, end: async () => undefined }),
        living: async () => living(),
        syncProblem: { begin: async () => undefined, end: async () => undefined },
        syncRequests: this.options.syncRequests,
        onLeft: () => Promise.resolve(),
        onComplete: async () => undefined,
        onUnexpected: onBreak,
        host: () => 'memory',
        pageRows: profile.pageRows,
      },
      this.stopping.signal,
    );
    held.catch(onBreak);
  }

  /** A write through its proxy. Never settles if the process dies meanwhile. */
  write(
    method: string,
    write: RecordWrite,
    forward: () => Promise<UpstreamAnswer>,
  ): Promise<{ answer: UpstreamAnswer; applied: AppliedHeader }> {
    const { tables, log } = this.options;
    const settings = {
      id: 'sync' as SyncId,
      orgId,
      instanceUrl: '',
      sobjects: [...tables.keys()],
      withoutDatabase: 'refuse' as const,
    };
    const { mailbox, afterWrites } = this;
    const destination = async () => this.destination;
    const sync = proxied(
      { owner: this.owner },
      { mailbox, afterWrites, destination, forwarded: () => undefined },
      settings,
    );
    const { clock } = this;
    return new Promise((resolve, reject) => {
      const send = async (answer: UpstreamAnswer, applied: AppliedHeader) => resolve({ answer, applied });
      runWriteThrough(
        { sync, method, clock, log, times: zeroTimes(), forward, send },
        traceRecordWrite(write),
      ).catch(reject);
    });
  }

  die(): void {
    this.isAlive = false;
  }

  /** Called at the end of a run: otherwise Node keeps everything that waits for a signal, and so the whole run. */
  letGo(): void {
    this.stopping.abort();
    this.afterWrites.end();
  }

  readonly clock: Clock = {
    now: () => this.options.agenda.now + this.clockOffMs,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        const { agenda } = this.options;
        if (signal?.aborted) return reject(signal.reason as Error);
        let isOver = false;
        agenda.after(Math.max(0, ms), () => {
          if (isOver || !this.isAlive) return;
          isOver = true;
          agenda.resume(resolve);
        });
        signal?.addEventListener(
          'abort',
          () => {
            if (isOver) return;
            isOver = true;
            reject(signal.reason as Error);
          },
          { once: true },
        );
      }),
  };
}
