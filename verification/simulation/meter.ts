/**
 * What the org's answers say about its quota, and whether a process respects it: after an answer that says that its
 * share is used up, it may send only read-backs of proxied writes until it is time to try again.
 */
import type { Purpose, Usage } from 'lockstep/salesforce';
import type { Agenda } from './agenda.ts';
import type { Profile } from './profile.ts';

/** A process that waits for answers while it is alive. */
export interface Waiting {
  readonly isAlive: boolean;
}

/** How long a process must wait before it tries again. */
const lookEveryMs = 15 * 60_000;
const max = 1_000;
const spent = 910;
const used = 400;
/** So few requests are left that an object of five pages is backfilled by Bulk. */
const nearlySpent = 890;

export class Meter {
  private readonly agenda: Agenda;
  private readonly profile: Profile;
  private readonly onExcess: (purpose: Purpose) => void;
  private readonly closedUntil = new WeakMap<Waiting, number>();

  constructor(agenda: Agenda, profile: Profile, onExcess: (purpose: Purpose) => void) {
    this.agenda = agenda;
    this.profile = profile;
    this.onExcess = onExcess;
  }

  /** The usage in an answer now; null if the org does not report it. */
  usage(): Usage | null {
    const { spentMs, fewLeftFrom } = this.profile;
    if (this.isSpent) return { used: spent, max };
    if (fewLeftFrom !== null && this.agenda.now >= fewLeftFrom) return { used: nearlySpent, max };
    return spentMs && { used, max };
  }

  sent(waiting: Waiting, purpose: Purpose): void {
    const isClosed = this.agenda.now < (this.closedUntil.get(waiting) ?? 0);
    if (isClosed && purpose !== 'read-back') this.onExcess(purpose);
  }

  /** An answer has reached the process. The usage in answers to read-backs does not bind the sync. */
  told(waiting: Waiting, purpose: Purpose): void {
    if (purpose === 'read-back' || purpose === 'setup') return;
    this.closedUntil.set(waiting, this.isSpent ? this.agenda.now + lookEveryMs : 0);
  }

  private get isSpent(): boolean {
    const [from, until] = this.profile.spentMs ?? [Infinity, 0];
    return this.agenda.now >= from && this.agenda.now < until;
  }
}
