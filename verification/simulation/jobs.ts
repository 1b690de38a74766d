/**
 * Jobs that copy a whole object over minutes, like a bulk query: one reading from before the job is created until its
 * results are ready, which are then applied slice by slice while other readings come and go. Each slice was read at its
 * own instant. A job has no cursor, and a record that it does not show does not count as gone.
 *
 * The requests of a job are not modelled: the target is the merge rule, and how the destination keeps a reading that
 * is open for so long.
 */

import type { Random } from '@lockstep/foundation/random';
import type { Page } from 'lockstep/core/page';
import type { StreamTable } from 'lockstep/postgres';
import type { Agenda } from './agenda.ts';
import { isForeseen } from './connection.ts';
import type { Journal } from './journal.ts';
import { type ModelOrg, newest, type OrgRecord } from './org.ts';
import type { Profile } from './profile.ts';
import { textOf } from './soql.ts';
import type { Worker } from './worker.ts';

export interface JobsContext {
  agenda: Agenda;
  random: Random;
  org: ModelOrg;
  profile: Profile;
  tables: readonly StreamTable[];
  journal: Journal;
  /** The worker that runs the sync. */
  holder: () => Worker | undefined;
}

/** How long a reading may stay open. */
const readingLastsMs = 15 * 60_000;

export class Jobs {
  private readonly context: JobsContext;

  constructor(context: JobsContext) {
    this.context = context;
  }

  begin(): void {
    const { agenda, random, profile } = this.context;
    if (profile.jobEveryMs === null) return;
    agenda.after(random.between(1_000, profile.jobEveryMs), () => {
      if (agenda.now >= profile.calmAt) return;
      const holder = this.context.holder();
      if (holder) agenda.resume(() => this.run(holder));
      this.begin();
    });
  }

  /** A job whose holder has lost its lease, or whose connection broke, stops where it is. */
  private run(holder: Worker): void {
    const { random, tables, journal } = this.context;
    const table = random.pick(tables);
    journal.add('process', () => `${holder.owner} begins a job for ${table.stream.sobject}`);
    this.copy(holder, table).then(
      () => journal.add('process', () => `the job for ${table.stream.sobject} is done`),
      (error: unknown) => {
        if (!isForeseen(error)) throw error;
        journal.add('process', () => `the job for ${table.stream.sobject} ends early`);
      },
    );
  }

  private async copy({ mirror, holder }: Worker, table: StreamTable): Promise<void> {
    const { profile } = this.context;
    const streams = [table.stream.streamNo];
    const early = await mirror.openTickObservation(holder, streams, readingLastsMs);
    const slices = await this.results(table.stream.sobject);
    const ready = await mirror.openTickObservation(holder, streams, readingLastsMs);
    const observation = profile.jobsCountFromTheirResults ? ready : early;
    const hi = profile.jobsCountFromTheirResults ? undefined : ready.lo;
    for (const slice of slices) {
      await mirror.applyPage(table, pageOf(slice), { observation, hi, isLast: false });
      await this.pause();
    }
    for (const { lo, nonce } of [early, ready]) await mirror.closeObservation({ lo, nonce });
  }

  /** The slices in Salesforce's order, which is not the order in which it read them. */
  private results(sobject: string): Promise<string[][]> {
    const { agenda, random, org, profile } = this.context;
    const records = org.all(sobject);
    const count = Math.ceil(records.length / profile.pageRows);
    const lastsMs = random.between(10_000, 120_000);
    return new Promise((resolve) => {
      const slices: string[][] = [];
      for (let place = 0; place < count; place++) {
        const from = place * profile.pageRows;
        agenda.after(random.next() * lastsMs, () => {
          slices[place] = shown(records.slice(from, from + profile.pageRows));
        });
      }
      agenda.after(lastsMs, () => agenda.resume(() => resolve(slices)));
    });
  }

  private pause(): Promise<void> {
    const { agenda, random } = this.context;
    return new Promise((resolve) => {
      agenda.after(random.between(10, 3_000), () => agenda.resume(resolve));
    });
  }
}

/** What a query without deleted records would now show. */
export const shown = (records: readonly OrgRecord[]): string[] =>
  records.flatMap((record) => {
    const version = newest(record);
    const isShown = version && !version.isDeleted && !record.isHidden;
    return isShown ? [textOf(record, version)] : [];
  });

export const pageOf = (texts: readonly string[]): Page => ({
  records: `[${texts.join(',')}]`,
  count: texts.length,
  last: null,
  lastId: null,
  done: true,
  unstorable: [],
  nulsRemoved: 0,
});
