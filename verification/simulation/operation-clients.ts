/**
 * Somebody who asks the sync for something now and then: that it reads what was committed by now, that it compares,
 * that it reads everything again. What a flush promises is held to: when it has ended, the mirror has whatever was
 * committed before it was asked for.
 */

import type { Random } from '@lockstep/foundation/random';
import type { SyncRequest, SyncRequestQueue } from 'lockstep/engine/testing';
import type { Agenda } from './agenda.ts';
import type { Journal } from './journal.ts';
import type { ModelOrg } from './org.ts';
import type { Profile } from './profile.ts';
import type { Witness } from './witness.ts';

export interface RequestingWorld {
  agenda: Agenda;
  random: Random;
  profile: Profile;
  org: ModelOrg;
  witness: Witness;
  journal: Journal;
}

export class OperationClients implements SyncRequestQueue {
  private readonly world: RequestingWorld;
  /** Tells whoever runs the sync. */
  onSyncRequest: () => void = () => undefined;
  private readonly waiting = new Map<
    number,
    { syncRequest: SyncRequest; isKept: (skipped: readonly string[]) => void }
  >();
  private last = 0;
  /** What is requested in the end has been done. */
  private isContent = false;

  constructor(world: RequestingWorld) {
    this.world = world;
  }

  begin(): void {
    const { agenda, profile } = this.world;
    this.requestNowAndThen();
    if (profile.hideMostShare > 0) this.decideInTheEnd();
    agenda.at(profile.settlingAt, () => this.requestForTheEnd());
  }

  /** Of what has vanished by then: it comes back, or somebody says what to do with its rows. */
  private decideInTheEnd(): void {
    const { agenda, profile, random, org } = this.world;
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
    const { agenda, profile } = this.world;
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
    this.world.journal.add('process', () => `sync request ${requestId} is done: ${waiting.syncRequest.kind}`);
    const { skipped = [] } = ('result' in outcome ? outcome.result : {}) as {
      skipped?: { object: string }[];
    };
    waiting.isKept(skipped.map(({ object }) => object));
  }

  private requestNowAndThen(): void {
    const { agenda, random, profile } = this.world;
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
    const { witness, journal } = this.world;
    const id = ++this.last;
    const isPromised = kind === 'flush' ? witness.promiseOfFlush() : () => undefined;
    const isKept = (skipped: readonly string[]) => {
      isPromised(skipped);
      onEnd(skipped);
    };
    this.waiting.set(id, { syncRequest: { id, kind, objects: null, ids: null }, isKept });
    journal.add('process', () => `sync request ${id}: ${kind}`);
    this.onSyncRequest();
  }
}
