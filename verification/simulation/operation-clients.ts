/**
 * Somebody who asks the sync for something now and then: that it reads what was committed by now, that it compares,
 * that it reads everything again. What a flush promises is held to: when it has ended, the mirror has whatever was
 * committed before it was asked for.
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
  /** Tells whoever runs the sync. */
  onSyncRequest: () => void = () => undefined;
  private readonly waiting = new Map<
    number,
    { syncRequest: SyncRequest; isKept: (skipped: readonly string[]) => void }
  >();
  private last = 0;
  /** What is requested in the end has been done. */
  private isContent = false;

  constructor(context: RequestingContext) {
    this.context = context;
  }

  begin(): void {
    const { agenda, profile } = this.context;
    this.requestNowAndThen();
    if (profile.hideMostShare > 0) this.decideInTheEnd();
    agenda.at(profile.settlingAt, () => this.requestForTheEnd());
  }

  /** Of what has vanished by then: it comes back, or somebody says what to do with its rows. */
  private decideInTheEnd(): void {
    const { agenda, profile, random, org } = this.context;
    agenda.at(profile.calmAt, () => this.syncRequest('verify ids'));
    agenda.at((profile.calmAt + profile.settlingAt) / 2, () => {
      const decision = random.pick(['keep', 'remove', 'back'] as const);
      if (decision !== 'back') return this.syncRequest(decision);
      for (const sobject of profile.sobjects)
        for (const record of org.all(sobject)) if (record.isHidden) org.toggleHidden(record);
    });
  }

  /** Again, until no object was left out. */
  private requestForTheEnd(): void {
    const { agenda, profile } = this.context;
    this.syncRequest(profile.lastSyncRequest, (skipped) => {
      this.isContent = skipped.length === 0;
      if (!this.isContent) agenda.after(profile.settlingIntervalMs, () => this.requestForTheEnd());
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

  private requestNowAndThen(): void {
    const { agenda, random, profile } = this.context;
    agenda.after(random.between(1_000, profile.syncRequestsEveryMs), () => {
      if (agenda.now >= profile.quietAt) return;
      this.syncRequest(random.pick(profile.syncRequests));
      this.requestNowAndThen();
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
