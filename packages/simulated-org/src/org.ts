import type { Database, Tx } from '@lockstep/foundation/database';
import { BulkLimits } from './bulk/daily-limits.ts';
import { JobFaults } from './bulk/job-faults.ts';
import { JobSignals } from './bulk/job-signals.ts';
import { ResultFiles } from './bulk/result-files.ts';
import { OrgClock } from './control/org-clock.ts';
import { OrgControl } from './control/org-control.ts';
import { ApiUsage, LongRequests } from './http/usage.ts';
import type { SObjectDef, SObjects } from './schema/schema.ts';
import { RecordNumbers } from './schema/storage.ts';
import { type SeedPlan } from './seed/seed-plan.ts';
import type { RunnableTrigger } from './write/rule-book.ts';
import type { Moment, Rules } from './write/rules.ts';

/** What every part of the program needs of the org that it serves. */
export interface Org {
  db: Database;
  clock: OrgClock;
  /** What has been done to it by the control API. */
  control: OrgControl;
  /** 18 characters. */
  id: string;
  /** Where it is reached, without a slash at the end; set when the server listens. */
  url: string;
  /** As they are now; a change replaces the whole map. A user may see less of it: `sobjectsSeenBy`. */
  sobjects: SObjects;
  schemaChangedAt: number;
  /** What users see, kept until the schema or their rights change. */
  views: Map<string, SObjects>;
  usage: ApiUsage;
  longRequests: LongRequests;
  numbers: RecordNumbers;
  jobs: JobSignals;
  jobFaults: JobFaults;
  bulkLimits: BulkLimits;
  results: ResultFiles;
  lockTimeoutMs: number;
  settings: OrgSettings;
  /** Validation rules and triggers, as they are now. */
  rules: Rules;
  runTriggers: RunTriggers;
  /** The transactions that write now, and when they began. */
  openWrites: Set<{ since: number }>;
}

/** Fixed when the org is made, save for the org's id. */
export interface OrgSettings {
  orgId: string;
  fingerprint: string;
  madeAt: number;
  records: number;
  /** The sync signs in as this user, the caller as the other. */
  integrationUserId: string;
  demoUserId: string;
  seed: SeedPlan;
}

/** Who changes something, and by what. */
export interface Writer {
  org: Org;
  userId: string;
  /** The milliseconds since 1970 of its stamps, where they are not of now. */
  at?: number;
  /** The name that the client gives itself: `Sforce-Call-Options: client=…`. */
  client?: string;
  /** The triggers inside which the write happens, the outermost first. */
  within?: readonly TriggerRun[];
}

export interface TriggerRun {
  sobject: string;
  /** As Apex names it: `AfterUpdate`. */
  event: string;
  recordId: string;
}

/** Who changed something, and when: whole seconds, as in every stamp. */
export interface Stamp {
  userId: string;
  at: string;
}

/** Gives the columns of the record that the triggers set before it counts as written. */
export type RunTriggers = (
  tx: Tx,
  by: Writer,
  def: SObjectDef,
  triggers: readonly RunnableTrigger[],
  subject: TriggerSubject,
) => Promise<string[]>;

export interface TriggerSubject {
  id: string;
  when: Moment;
  /** The row before an update, as JSON. */
  old: string | undefined;
  stamp: Stamp;
}
