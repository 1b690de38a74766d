/**
 * Everybody who writes to the org without the proxy: single updates, several within a second, bulk updates of one to
 * three pages under one stamp or of a whole sobject, transactions that stay open for minutes, deletes, undeletes, new
 * records, formulas that change without a stamp, changes of rights, and purges of the recycle bin. They begin before
 * the sync does, so some of their transactions are open when it starts.
 */
import type { Random } from '@lockstep/foundation/random';
import type { Agenda } from './agenda.ts';
import type { Change, ModelOrg, OrgRecord, ValueField } from './org.ts';
import type { Profile } from './profile.ts';

export class Outsiders {
  private readonly agenda: Agenda;
  private readonly random: Random;
  private readonly org: ModelOrg;
  private readonly profile: Profile;

  constructor(agenda: Agenda, random: Random, org: ModelOrg, profile: Profile) {
    this.agenda = agenda;
    this.random = random;
    this.org = org;
    this.profile = profile;
  }

  begin(): void {
    this.agenda.after(this.random.between(10, this.profile.outsideEveryMs), () => {
      if (this.agenda.now >= this.profile.quietAt) return;
      this.act();
      this.begin();
    });
  }

  pick(): OrgRecord {
    const records = this.org.all(this.random.pick(this.profile.sobjects));
    return this.random.pick(records);
  }

  private act(): void {
    const { bulkShare, longShare, createShare, deleteShare, undeleteShare, formulaShare, longestMs } =
      this.profile;
    const { hideShare, purgeShare, hideMostShare, restampShare, forbidShare, longDeleteShare } = this.profile;
    let draw = this.random.next();
    const isDrawn = (share: number) => (draw -= share) < 0;
    const { random } = this;
    if (isDrawn(bulkShare)) return this.bulk();
    if (isDrawn(longShare)) {
      const change = random.next() < longDeleteShare ? 'delete' : 'update';
      return this.change([this.pick(), this.pick()], change, random.between(20_000, longestMs));
    }
    if (isDrawn(createShare)) return this.change([this.pick()], 'create', random.between(20, 300));
    if (isDrawn(deleteShare)) return this.change([this.pick()], 'delete', random.between(20, 300));
    if (isDrawn(undeleteShare)) return this.change([this.pick()], 'undelete', random.between(20, 300));
    if (isDrawn(formulaShare)) return this.change([this.pick()], 'formula', 1);
    if (isDrawn(hideShare)) return this.org.toggleHidden(this.pick());
    if (isDrawn(purgeShare)) return this.org.purge(this.pick());
    if (isDrawn(hideMostShare)) return this.hideMost();
    if (isDrawn(restampShare)) return this.restamp();
    if (isDrawn(forbidShare))
      return this.org.forbid(random.pick(this.profile.sobjects), random.between(5_000, 40_000));
    const record = this.pick();
    const times = random.next() < 0.3 ? 3 : 1;
    for (let time = 0; time < times; time++) {
      this.agenda.after(time * random.between(100, 400), () =>
        this.change([record], 'update', random.between(20, 150)),
      );
    }
  }

  private bulk(): void {
    const records = this.org.all(this.random.pick(this.profile.sobjects));
    const count = this.random.between(this.profile.pageRows, this.profile.pageRows * 3);
    const from = this.random.between(0, records.length - 1);
    const some = Array.from(
      { length: Math.min(count, records.length) },
      (_, at) => records[(from + at) % records.length] as OrgRecord,
    );
    this.change(some, 'update', this.random.between(200, 3_000));
  }

  /** Changes rights so that most records of an sobject are hidden; the next call shows them again. */
  private hideMost(): void {
    const records = this.org.all(this.random.pick(this.profile.sobjects));
    const hidden = records.filter(({ isHidden }) => isHidden);
    const some = hidden.length > 5 ? hidden : records.filter(() => this.random.next() < 0.8);
    for (const record of some) this.org.toggleHidden(record);
  }

  /** Gives all records of an sobject a new stamp and nothing else, as a picklist change does. */
  private restamp(): void {
    const records = this.org.all(this.random.pick(this.profile.sobjects));
    const lastsMs = this.random.between(200, 3_000);
    this.org.begin({ records, change: 'update', fields: [], lastsMs });
  }

  private change(records: readonly OrgRecord[], change: Change, lastsMs: number): void {
    const field: ValueField = this.random.next() < 0.5 ? 'A__c' : 'B__c';
    const { misfitShare } = this.profile;
    const isMisfit = misfitShare > 0 && change === 'update' && this.random.next() < misfitShare;
    this.org.begin({ records, change, fields: [field], isMisfit, lastsMs });
  }
}
