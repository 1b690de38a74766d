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

/** What every part of the program needs to know about the org it serves. */
export interface Org {
  db: Database;
  clock: OrgClock;
  /** What the control API has done to it. */
  control: OrgControl;
  /** 18 characters. */
  id: string;
  /** Its base URL, without a trailing slash; set once the server listens. */
  url: string;
  /** The current ones; a change replaces the whole map. A user may see fewer of them: `sobjectsSeenBy`. */
  sobjects: SObjects;
  schemaChangedAt: number;
  /** What each user sees, cached until the schema or somebody's rights change. */
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
  /** The current validation rules and triggers. */
  rules: Rules;
  runTriggers: RunTriggers;
  /** The write transactions that are open, and when they began. */
  openWrites: Set<{ since: number }>;
}

/** Fixed when the org is created; only the org's Id can change. */
export interface OrgSettings {
  orgId: string;
  fingerprint: string;
  madeAt: number;
  records: number;
  /** The sync signs in as the integration user, callers as the demo user. */
  integrationUserId: string;
  demoUserId: string;
  seed: SeedPlan;
}

/** Who changes something, and from where. */
export interface Writer {
  org: Org;
  userId: string;
  /** Epoch ms for its stamps; now if left out. */
  at?: number;
  /** The name that the client gives itself: `Sforce-Call-Options: client=…`. */
  client?: string;
  /** The triggers that the write runs inside, outermost first. */
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

/** Returns the columns that the triggers set on the record before it is saved. */
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
