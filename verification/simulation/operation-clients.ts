/**
 * Somebody who makes sync requests from time to time: to flush, to compare, to read everything again. The promise of a
 * flush is checked: when it ends, the mirror has everything that was committed before it was requested.
 */

import type { Random } from '@lockstep/foundation/random';
import type { SyncRequest, SyncRequestQueue } from 'lockstep/engine/testing';
import type { Agenda } from './agenda.ts';
import type { Invariants } from './invariants.ts';
import type { Journal } from './journal.ts';
import type { ModelOrg } from './org.ts';
import type { Profile } from './profile.ts';

export interface RequestingContext {
  agenda: Agenda;
  random: Random;
  profile: Profile;
  org: ModelOrg;
  invariants: Invariants;
  journal: Journal;
}

export class OperationClients implements SyncRequestQueue {
  private readonly context: RequestingContext;
  /** Notifies the worker that runs the sync. */
  onSyncRequest: () => void = () => undefined;
  private readonly waiting = new Map<
    number,
    { syncRequest: SyncRequest; isKept: (skipped: readonly string[]) => void }
  >();
  private last = 0;
  /** The last request of the run has been served. */
  private isContent = false;

  constructor(context: RequestingContext) {
    this.context = context;
  }

  begin(): void {
    const { agenda, profile } = this.context;
    this.scheduleRequest();
    if (profile.hideMostShare > 0) this.decideAtTheEnd();
    agenda.at(profile.settlingAt, () => this.requestAtTheEnd());
  }

  /** Lets hidden records come back in the end, or decides what happens to their rows. */
  private decideAtTheEnd(): void {
    const { agenda, profile, random, org } = this.context;
    agenda.at(profile.calmAt, () => this.syncRequest('verify ids'));
    agenda.at((profile.calmAt + profile.settlingAt) / 2, () => {
      const decision = random.pick(['keep', 'remove', 'back'] as const);
      if (decision !== 'back') return this.syncRequest(decision);
      for (const sobject of profile.sobjects)
        for (const record of org.all(sobject)) if (record.isHidden) org.toggleHidden(record);
    });
  }

  /** Repeats the last request until no object is left out. */
  private requestAtTheEnd(): void {
    const { agenda, profile } = this.context;
    this.syncRequest(profile.lastSyncRequest, (skipped) => {
      this.isContent = skipped.length === 0;
      if (!this.isContent) agenda.after(profile.settlingIntervalMs, () => this.requestAtTheEnd());
    });
  }

  get areWaiting(): boolean {
    return this.waiting.size > 0 || !this.isContent;
  }

  async open(): Promise<readonly SyncRequest[]> {
    return [...this.waiting.values()].map(({ syncRequest }) => syncRequest);
  }

  async report(): Promise<void> {}

  async end(requestId: number, outcome: Parameters<SyncRequestQueue['end']>[1]): Promise<void> {
    const waiting = this.waiting.get(requestId);
    if (!waiting) return;
    this.waiting.delete(requestId);
    this.context.journal.add(
      'process',
      () => `sync request ${requestId} is done: ${waiting.syncRequest.kind}`,
    );
    const { skipped = [] } = ('result' in outcome ? outcome.result : {}) as {
      skipped?: { object: string }[];
    };
    waiting.isKept(skipped.map(({ object }) => object));
  }

  private scheduleRequest(): void {
    const { agenda, random, profile } = this.context;
    agenda.after(random.between(1_000, profile.syncRequestsEveryMs), () => {
      if (agenda.now >= profile.quietAt) return;
      this.syncRequest(random.pick(profile.syncRequests));
      this.scheduleRequest();
    });
  }

  private syncRequest(
    kind: SyncRequest['kind'],
    onEnd: (skipped: readonly string[]) => unknown = () => undefined,
  ): void {
    const { invariants, journal } = this.context;
    const id = ++this.last;
    const isPromised = kind === 'flush' ? invariants.promiseOfFlush() : () => undefined;
    const isKept = (skipped: readonly string[]) => {
      isPromised(skipped);
      onEnd(skipped);
    };
    this.waiting.set(id, { syncRequest: { id, kind, objects: null, ids: null }, isKept });
    journal.add('process', () => `sync request ${id}: ${kind}`);
    this.onSyncRequest();
  }
}
