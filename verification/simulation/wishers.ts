/**
 * Somebody who asks the sync for something now and then: that it reads what was committed by now, that it compares,
 * that it reads everything again. What a flush promises is held to: when it has ended, the mirror has whatever was
 * committed before it was asked for.
 */

import type { Random } from '@lockstep/foundation/random';
import type { Wish, WishBox } from 'lockstep/engine/testing';
import type { Agenda } from './agenda.ts';
import type { Journal } from './journal.ts';
import type { ModelOrg } from './org.ts';
import type { Profile } from './profile.ts';
import type { Witness } from './witness.ts';

export interface WishingWorld {
  agenda: Agenda;
  random: Random;
  profile: Profile;
  org: ModelOrg;
  witness: Witness;
  journal: Journal;
}

export class Wishers implements WishBox {
  private readonly world: WishingWorld;
  /** Tells whoever runs the sync. */
  onWish: () => void = () => undefined;
  private readonly waiting = new Map<number, { wish: Wish; isKept: (skipped: readonly string[]) => void }>();
  private last = 0;
  /** What is wished in the end has been done. */
  private isContent = false;

  constructor(world: WishingWorld) {
    this.world = world;
  }

  begin(): void {
    const { agenda, profile } = this.world;
    this.wishNowAndThen();
    if (profile.hideMostShare > 0) this.decideInTheEnd();
    agenda.at(profile.settlingAt, () => this.wishForTheEnd());
  }

  /** Of what has vanished by then: it comes back, or somebody says what to do with its rows. */
  private decideInTheEnd(): void {
    const { agenda, profile, random, org } = this.world;
    agenda.at(profile.calmAt, () => this.wish('reconcile'));
    agenda.at((profile.calmAt + profile.settlingAt) / 2, () => {
      const decision = random.pick(['keep', 'remove', 'back'] as const);
      if (decision !== 'back') return this.wish(decision);
      for (const sobject of profile.sobjects)
        for (const record of org.all(sobject)) if (record.isHidden) org.toggleHidden(record);
    });
  }

  /** Again, until no object was left out. */
  private wishForTheEnd(): void {
    const { agenda, profile } = this.world;
    this.wish(profile.lastWish, (skipped) => {
      this.isContent = skipped.length === 0;
      if (!this.isContent) agenda.after(profile.settlingIntervalMs, () => this.wishForTheEnd());
    });
  }

  get areWaiting(): boolean {
    return this.waiting.size > 0 || !this.isContent;
  }

  async open(): Promise<readonly Wish[]> {
    return [...this.waiting.values()].map(({ wish }) => wish);
  }

  async report(): Promise<void> {}

  async end(wishId: number, outcome: Parameters<WishBox['end']>[1]): Promise<void> {
    const waiting = this.waiting.get(wishId);
    if (!waiting) return;
    this.waiting.delete(wishId);
    this.world.journal.add('process', () => `wish ${wishId} is done: ${waiting.wish.kind}`);
    const { skipped = [] } = ('result' in outcome ? outcome.result : {}) as {
      skipped?: { object: string }[];
    };
    waiting.isKept(skipped.map(({ object }) => object));
  }

  private wishNowAndThen(): void {
    const { agenda, random, profile } = this.world;
    agenda.after(random.between(1_000, profile.wishEveryMs), () => {
      if (agenda.now >= profile.quietAt) return;
      this.wish(random.pick(profile.wishes));
      this.wishNowAndThen();
    });
  }

  private wish(kind: Wish['kind'], onEnd: (skipped: readonly string[]) => unknown = () => undefined): void {
    const { witness, journal } = this.world;
    const id = ++this.last;
    const isPromised = kind === 'flush' ? witness.promiseOfFlush() : () => undefined;
    const isKept = (skipped: readonly string[]) => {
      isPromised(skipped);
      onEnd(skipped);
    };
    this.waiting.set(id, { wish: { id, kind, objects: null, ids: null }, isKept });
    journal.add('process', () => `wish ${id}: ${kind}`);
    this.onWish();
  }
}
