import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Clock, systemClock } from '@lockstep/foundation/clock';
import { openTestDatabase } from '@lockstep/harness/database';
import { type OrgCredentials, send, signIn, type TestOrg } from '@lockstep/harness/org';
import { ensureCredentials } from '../auth/credentials.ts';
import { listen } from '../http/server.ts';
import { openOrg } from '../open-org.ts';
import { type Org } from '../org.ts';
import { runJobs } from './worker.ts';

/** An org in this process, served by HTTP, whose clock and settings a test can access. */
export interface BulkHarness extends AsyncDisposable, Pick<TestOrg, 'request'> {
  org: Org;
  /** Advances the org's clock by days at once. */
  passDays(days: number): void;
}

const dayMs = 86_400_000;

export async function openBulkHarness(records: number, time: Clock = systemClock): Promise<BulkHarness> {
  const database = await openTestDatabase();
  const folder = await mkdtemp(join(tmpdir(), 'lockstep-bulk-'));
  let ahead = 0;
  const clock = { ...systemClock, now: () => time.now() + ahead };
  const { db } = database;
  const limits = { apiLimit: 100_000, lockTimeoutMs: 1000 };
  const org = await openOrg({ db, clock, records, seed: 1, folder, ...limits, onSeeded: () => undefined });
  const credentialsFile = join(folder, 'credentials.json');
  await ensureCredentials(org, credentialsFile);
  const server = await listen(org, '127.0.0.1', 0, (where) => {
    throw new Error(where);
  });
  const stop = new AbortController();
  const jobs = runJobs(org, stop.signal, (error) => {
    throw error;
  });
  const credentials = JSON.parse(await readFile(credentialsFile, 'utf8')) as OrgCredentials;
  let token = signIn(org.url, credentials, 'demo');
  return {
    org,
    passDays(days) {
      ahead += days * dayMs;
      token = signIn(org.url, credentials, 'demo');
    },
    async request(method, path, { body, headers = {} } = {}) {
      const Authorization = `Bearer ${await token}`;
      return send(`${org.url}${path}`, method, body, { Authorization, ...headers });
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      await jobs;
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
      await database[Symbol.asyncDispose]();
      await rm(folder, { recursive: true });
    },
  };
}
