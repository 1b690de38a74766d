/**
 * Change events: each marks its record to be read again, some milliseconds or seconds after the change. Some never
 * arrive, some arrive twice. How they reach a process is not modelled.
 */
import type { Random } from '@lockstep/foundation/random';
import type { StreamTable } from 'lockstep/postgres';
import type { Agenda } from './agenda.ts';
import { isForeseen } from './connection.ts';
import type { ModelOrg, OrgRecord } from './org.ts';
import type { Profile } from './profile.ts';
import type { Worker } from './worker.ts';

export interface EventsContext {
  agenda: Agenda;
  random: Random;
  org: ModelOrg;
  profile: Profile;
  tables: readonly StreamTable[];
  /** The worker that runs the sync. */
  holder: () => Worker | undefined;
}

const repeatedShare = 0.05;

export function sendChangeEvents({ agenda, random, org, profile, tables, holder }: EventsContext): void {
  const mark = (record: OrgRecord) => {
    const table = tables.find(({ stream }) => stream.sobject === record.sobject);
    const worker = holder();
    if (!table || !worker) return;
    agenda.resume(() => {
      worker.mirror.markRows(table.stream.streamNo, [record.id], 'asked', false).catch(isLost);
    });
  };
  org.onlookers.push((record) => {
    if (agenda.now >= profile.calmAt || random.next() >= profile.eventShare) return;
    agenda.after(random.between(50, 5_000), () => mark(record));
    if (random.next() < repeatedShare) agenda.after(random.between(5_000, 60_000), () => mark(record));
  });
}

/** An event whose connection broke is lost. */
function isLost(error: unknown): void {
  if (!isForeseen(error)) throw error;
}
