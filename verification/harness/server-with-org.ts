/** Lockstep as a person starts it at first, with the database server that it brings along, and a simulated org. */
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '@lockstep/foundation/clock';
import { type Database, databaseUrl, openDatabase } from '@lockstep/foundation/database';
import { sql } from '@lockstep/foundation/sql';
import { readRunFile } from 'lockstep/operations/run-file';
import type { ApiAnswer } from './api-harness.ts';
import { type OrgOptions, startOrg, type TestOrg } from './org.ts';
import { openServerProcess, type ServerProcess } from './server-process.ts';

export interface ServerWithOrg extends AsyncDisposable {
  org: TestOrg;
  server: ServerProcess;
  /** Of its control database, as the administrator. */
  controlUrl: string;
  /** One of its databases, as its administrator; without a name the control database. Ended with the rest. */
  admin(database?: string): Database;
  /** A request to its API, which must be accepted. */
  accepted: (method: string, path: string, body?: object) => Promise<ApiAnswer['body']>;
  /** A request of a caller, as the demo user, through its proxy. */
  call(syncId: string, method: string, path: string, body?: object): Promise<Response>;
  /** Until the objects of a sync are copied. */
  untilCurrent(sync: string): Promise<void>;
}

const isCopying = new Set(['queued', 'backfilling', 'columns']);

export async function openServerWithOrg({
  org: orgOptions,
  ...options
}: {
  org: OrgOptions;
  key?: Buffer;
  environment?: Record<string, string>;
}): Promise<ServerWithOrg> {
  await using undo = new AsyncDisposableStack();
  const org = undo.use(await startOrg(orgOptions));
  const allowHosts = [new URL(org.url).host];
  const server = undo.use(await openServerProcess({ allowHosts, ...options }));
  await server.start();
  const { controlUrl = '' } = (await readRunFile(server.cli.dataDir)) ?? {};
  const accepted = async (method: string, path: string, body?: object) => {
    const answer = await server.ask(method, path, body);
    assert.ok(answer.status < 300, `${method} ${path}: ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  const databases = undo.use(new AsyncDisposableStack());
  const ends = undo.move();
  return {
    org,
    server,
    controlUrl,
    accepted,
    admin(database) {
      const url = database === undefined ? controlUrl : databaseUrl(controlUrl, { database });
      const db = openDatabase({ url, applicationName: 'test', connectionsMax: 1 });
      databases.defer(() => db.end());
      return db;
    },
    async call(syncId, method, path, body) {
      const headers = {
        authorization: `Bearer ${await org.token('demo')}`,
        ...(body && { 'content-type': 'application/json' }),
      };
      return fetch(`${server.url}/${syncId}${path}`, {
        method,
        headers,
        ...(body && { body: JSON.stringify(body) }),
      });
    },
    async untilCurrent(sync) {
      for (let tries = 0; tries < 600; tries++) {
        const { items } = await accepted('GET', `/api/v1/syncs/${sync}/objects`);
        if ((items as { state: string }[]).every(({ state }) => !isCopying.has(state))) return;
        await systemClock.sleep(100);
      }
      assert.fail(`${sync} was not copied`);
    },
    [Symbol.asyncDispose]: () => ends.disposeAsync(),
  };
}

/** All of the data directory besides the cluster of the database server; by path. */
export async function dataFiles(dataDir: string): Promise<Map<string, string>> {
  const files = await readdir(dataDir, { recursive: true, withFileTypes: true });
  const found = new Map<string, string>();
  for (const file of files) {
    const path = join(file.parentPath, file.name);
    const shown = path.slice(dataDir.length + 1);
    if (file.isFile() && !shown.startsWith('postgres/')) found.set(shown, await readFile(path, 'utf8'));
  }
  return found;
}

/** Roles, databases and what the whole server knows of them, as text. */
export async function dumpServer(db: Database): Promise<string> {
  const rows = await db.query<{ row: string }>(sql`
    SELECT r::text AS row FROM pg_catalog.pg_authid r
    UNION ALL SELECT d::text FROM pg_catalog.pg_database d
    UNION ALL SELECT s::text FROM pg_catalog.pg_db_role_setting s
    UNION ALL SELECT c::text FROM pg_catalog.pg_shdescription c
    UNION ALL SELECT p::text FROM pg_catalog.pg_stat_activity p WHERE pid <> pg_backend_pid()`);
  return rows.map(({ row }) => row).join('\n');
}
