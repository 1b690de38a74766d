import { randomInt } from 'node:crypto';
import type { Clock } from '../lib/clock.ts';
import type { Database, Tx } from '../lib/database.ts';
import { sql } from '../lib/sql.ts';
import { JobBells } from './bulk/job-bells.ts';
import { createJobTables, failLostResults } from './bulk/storage.ts';
import { recordId } from './ids.ts';
import { ApiUsage } from './limits.ts';
import { sobjects } from './objects/index.ts';
import type { Rules } from './rules.ts';
import { readRules } from './rules-storage.ts';
import type { SObjectDef, SObjects } from './schema.ts';
import { mapOf, readSchema, storeSObjects } from './schema-storage.ts';
import { planSeed, type SeedPlan, seedRecords } from './seed-data.ts';
import { createIndexes, createTables, fingerprintOf, readSettings, writeSettings } from './storage.ts';

/** What every part of the program needs of the org that it serves. */
export interface Org {
  db: Database;
  clock: Clock;
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
  jobs: JobBells;
  lockTimeoutMs: number;
  settings: OrgSettings;
  /** Validation rules and triggers, as they are now. */
  rules: Rules;
  /** The transactions that write now, in the order in which they began. */
  openWrites: Set<{ since: number }>;
}

/** Fixed when the org is made. */
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

export interface OrgOptions {
  db: Database;
  clock: Clock;
  records: number;
  seed: number;
  apiLimit: number;
  lockTimeoutMs: number;
  onSeeded(done: number, of: number): void;
}

/** The database holds an org of other definitions. */
export class ForeignOrgError extends Error {
  override readonly name = 'ForeignOrgError';
}

/** Serialises first starts on one database. */
const makingLock = 4_711_001;

/** Opens the org of a database, and makes it first where there is none. */
export async function openOrg(options: OrgOptions): Promise<Org> {
  const { db, clock } = options;
  const settings = await makeOnce(options);
  const schema = await readSchema(db, clock);
  return {
    db,
    clock,
    id: settings.orgId,
    url: '',
    sobjects: schema.sobjects,
    schemaChangedAt: schema.changedAt,
    views: new Map(),
    usage: new ApiUsage(clock, options.apiLimit),
    jobs: new JobBells(),
    lockTimeoutMs: options.lockTimeoutMs,
    settings,
    rules: await readRules(db),
    openWrites: new Set(),
  };
}

async function makeOnce(options: OrgOptions): Promise<OrgSettings> {
  const fingerprint = fingerprintOf(sobjects);
  const session = await options.db.session();
  try {
    await session.query(sql`SELECT pg_advisory_lock(${makingLock}::bigint)`);
    const settings = (await readSettings<OrgSettings>(options.db)) ?? (await makeOrg(options, fingerprint));
    if (settings.fingerprint !== fingerprint) {
      throw new ForeignOrgError(
        'the org in this database was made by another version; give it a new database',
      );
    }
    await createJobTables(options.db);
    await failLostResults(options.db, options.clock.now());
    return settings;
  } finally {
    await session.close();
  }
}

async function makeOrg(options: OrgOptions, fingerprint: string): Promise<OrgSettings> {
  const { db, clock } = options;
  const seed = planSeed(options.records, options.seed, clock.now());
  await db.transaction((tx) => createTables(tx, sobjects));
  await seedRecords(db, mapOf(sobjects, clock), seed, (done) => options.onSeeded(done, options.records));
  const settings: OrgSettings = {
    // Random, so that a token of one org is never one of another.
    orgId: recordId('00D', randomInt(2 ** 47)),
    fingerprint,
    madeAt: clock.now(),
    records: options.records,
    integrationUserId: recordId('005', 1),
    demoUserId: recordId('005', 2),
    seed,
  };
  await db.transaction(async (tx) => {
    await createIndexes(tx, sobjects);
    await storeSObjects(tx, sobjects, clock.now());
    await writeSettings(tx, settings);
  });
  return settings;
}

/** The sobject that an Id's first three characters name. */
export function sobjectOfId(org: Pick<Org, 'sobjects'>, id: string): SObjectDef | undefined {
  for (const def of org.sobjects.values()) if (id.startsWith(def.keyPrefix)) return def;
  return undefined;
}

/** A transaction that gives up on a locked record as Salesforce does, after the org's lock time-out. */
export async function writeTransaction<Result>(org: Org, work: (tx: Tx) => Promise<Result>): Promise<Result> {
  const write = { since: org.clock.now() };
  org.openWrites.add(write);
  try {
    return await org.db.transaction(async (tx) => {
      await tx.query(sql`SELECT set_config('lock_timeout', ${`${org.lockTimeoutMs}ms`}, true)`);
      return work(tx);
    });
  } finally {
    org.openWrites.delete(write);
  }
}

/** When the write began that is open the longest: no stamp of an uncommitted row is older. */
export const oldestWrite = (org: Org): number | undefined => {
  const [oldest] = org.openWrites;
  return oldest?.since;
};
