import { randomInt } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '@lockstep/foundation/clock';
import type { Database, Tx } from '@lockstep/foundation/database';
import { sql } from '@lockstep/foundation/sql';
import { BulkLimits } from './bulk/daily-limits.ts';
import { JobFaults } from './bulk/job-faults.ts';
import { JobSignals } from './bulk/job-signals.ts';
import { reportLostResults } from './bulk/lost-results.ts';
import { ResultFiles } from './bulk/result-files.ts';
import { createJobTables } from './bulk/storage.ts';
import { giveUpUploads } from './bulk/upload.ts';
import { OrgClock } from './control/org-clock.ts';
import { OrgControl } from './control/org-control.ts';
import { readClock } from './control/storage.ts';
import { ApiUsage, LongRequests } from './http/usage.ts';
import { sobjects } from './objects/index.ts';
import type { Org, OrgSettings } from './org.ts';
import { createTables, fingerprintOf } from './schema/org-tables.ts';
import { mapOf, readSchema, storeSObjects } from './schema/schema-storage.ts';
import { RecordNumbers, readSettings, tableOf, writeSettings } from './schema/storage.ts';
import { createIndexes, createTable } from './schema/tables.ts';
import { seedRecords } from './seed/seed-data.ts';
import { planSeed, totalOf } from './seed/seed-plan.ts';
import { createBlobTables, sweepBlobs } from './write/blobs.ts';
import { recordId } from './write/ids.ts';
import { readRules } from './write/rules-storage.ts';
import { runTriggers } from './write/triggers.ts';

export interface OrgOptions {
  db: Database;
  clock: Clock;
  records: number;
  seed: number;
  apiLimit: number;
  lockTimeoutMs: number;
  /** For files of the org that need not outlive the machine. */
  folder?: string;
  onSeeded(done: number, of: number): void;
}

/** The database holds an org that was created from other definitions. */
export class ForeignOrgError extends Error {
  override readonly name = 'ForeignOrgError';
}

/** Serialises first starts on one database. */
const makingLock = 4_711_001;

/** Opens the org in a database, and creates it first if there is none. */
export async function openOrg(options: OrgOptions): Promise<Org> {
  const { db } = options;
  const settings = await makeOnce(options);
  const clock = new OrgClock(options.clock, await readClock(db));
  const schema = await readSchema(db, clock);
  const results = new ResultFiles(join(options.folder ?? join(tmpdir(), 'lockstep-org'), settings.orgId));
  await reportLostResults(db, results, clock.now());
  await giveUpUploads(db);
  const jobs = new JobSignals();
  await sweepBlobs(db, schema.sobjects);
  return {
    db,
    clock,
    control: new OrgControl(db, clock),
    id: settings.orgId,
    url: '',
    sobjects: schema.sobjects,
    schemaChangedAt: schema.changedAt,
    views: new Map(),
    usage: new ApiUsage(clock, options.apiLimit),
    longRequests: new LongRequests(clock),
    numbers: new RecordNumbers(),
    jobs,
    jobFaults: new JobFaults(jobs),
    bulkLimits: new BulkLimits(clock),
    results,
    lockTimeoutMs: options.lockTimeoutMs,
    settings,
    rules: await readRules(db),
    runTriggers,
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
        'the org in this database was created by another version; use a new database',
      );
    }
    await createJobTables(options.db);
    await createBlobTables(options.db);
    return settings;
  } finally {
    await session.close();
  }
}

async function makeOrg(options: OrgOptions, fingerprint: string): Promise<OrgSettings> {
  const { db, clock } = options;
  const seed = planSeed(options.records, options.seed, clock.now());
  await db.transaction(async (tx) => {
    await createTables(tx);
    for (const def of sobjects) await createTable(tx, def);
  });
  await seedRecords(db, mapOf(sobjects, clock), seed, (done) => options.onSeeded(done, totalOf(seed)));
  const settings: OrgSettings = {
    // Random, so that no token of one org is valid in another.
    orgId: recordId('00D', randomInt(2 ** 47)),
    fingerprint,
    madeAt: clock.now(),
    records: options.records,
    integrationUserId: recordId('005', 1),
    demoUserId: recordId('005', 2),
    seed,
  };
  await db.transaction(async (tx) => {
    for (const def of sobjects) await createIndexes(tx, def);
    for (const def of sobjects) await tx.query(sql`ANALYZE ${tableOf(def)}`);
    await storeSObjects(tx, sobjects, clock.now());
    await nameOrganization(tx, settings.orgId);
    await writeSettings(tx, settings);
  });
  return settings;
}

/** The one record of Organization has the org's own Id. */
export const nameOrganization = (tx: Tx, orgId: string): Promise<unknown> =>
  tx.query(sql`UPDATE org."Organization" SET "Id" = ${orgId}`);
