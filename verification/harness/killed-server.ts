/**
 * A server process on a control database and an org, both for one test file, that is killed at a chosen point of its work
 * and started again.
 */
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach } from 'node:test';
import { systemClock } from '@lockstep/foundation/clock';
import { databaseUrl, openDatabase } from '@lockstep/foundation/database';
import { sql } from '@lockstep/foundation/sql';
import { findSync } from 'lockstep/control';
import { type ApiAnswer, newSyncOf } from './api-harness.ts';
import { openTestControl, type TestControl } from './control.ts';
import { holdLock } from './held-lock.ts';
import { armFault } from './injected-fault.ts';
import { startOrg, type TestOrg } from './org.ts';
import { openServerProcess, type ServerProcess } from './server-process.ts';

const undo = new AsyncDisposableStack();
export let org: TestOrg;
export let control: TestControl;
export let server: ServerProcess;

before(async () => {
  org = undo.use(await startOrg({ records: 300 }));
  control = undo.use(await openTestControl());
  server = undo.use(
    await openServerProcess({
      controlUrl: control.database.url,
      key: control.keyBytes,
      allowHosts: [new URL(org.url).host],
    }),
  );
});
beforeEach(async () => {
  if (server.url === null) await server.start();
});
afterEach(async () => {
  if (server.url !== null) await server.ask('DELETE', path); // of a test that failed
});
after(() => undo.disposeAsync());

export const path = '/api/v1/syncs/acme';
type Asked = Parameters<ServerProcess['ask']>;

/** What work waits for while it is killed. */
export interface Hold {
  untilReached(): Promise<void>;
  release(): Promise<void>;
}
/** Work waits for a lock on a table of the control database. */
export const atLock = (table: string) => async (): Promise<Hold> => {
  const lock = await holdLock(control.database.db, `LOCK TABLE lockstep.${table} IN SHARE MODE`);
  return { untilReached: () => lock.untilSomebodyWaits(), release: () => lock.release() };
};
/** Work waits for the org's answer to a request. */
export const atRequest = (match: object) => async (): Promise<Hold> => {
  const fault = await armFault(org, { match, times: null, effect: { hang: 'before' } });
  return { untilReached: () => fault.untilFired(), release: () => fault.end() };
};
/** The change is made, and only its answer is missing. */
export const beforeTheAnswer = atLock('audit_entry');
export const atDescribe = (sobject: string) => atRequest({ contains: `sobjects/${sobject}/describe` });
export const atSignIn = atRequest({ path: '*/oauth2/token' });

/** Kills the server when its work on the request waits there, and starts it again. */
export async function killDuring(hold: () => Promise<Hold>, request: () => Promise<unknown>): Promise<void> {
  const held = await hold();
  try {
    const asked = request().then(
      () => 'answered',
      () => 'cut off',
    );
    await Promise.race([held.untilReached(), asked.then((how) => assert.fail(`it was ${how} before`))]);
    await server.end('SIGKILL');
    assert.equal(await asked, 'cut off');
  } finally {
    await held.release();
  }
  await startAgain();
}

export async function startAgain(): Promise<void> {
  // The sign-in of a killed process is begun again after 45 seconds (signInMaxMs), in this test at once.
  await control.database.db.query(sql`UPDATE lockstep.credential SET signing_in_until = NULL`);
  await server.start();
}

/** The same request is killed and repeated. */
export async function killedAndRepeated(hold: () => Promise<Hold>, ...asked: Asked): Promise<ApiAnswer> {
  await killDuring(hold, () => server.ask(...asked));
  return server.ask(...asked);
}

/** What the server has of any sync of this control database: none when all are deleted. */
export async function leftOf(ids: readonly string[]): Promise<string[]> {
  const found = await control.database.db.query<{ name: string }>(sql`
    SELECT datname::text AS name FROM pg_database, unnest(${ids}::text[]) AS id WHERE strpos(datname, id) > 0
     UNION ALL SELECT rolname::text FROM pg_roles, unnest(${ids}::text[]) AS id WHERE strpos(rolname, id) > 0`);
  const rows = await control.database.db.query<{ name: string }>(sql`
    SELECT 'sync' AS name FROM lockstep.sync UNION ALL SELECT 'org' FROM lockstep.org
     UNION ALL SELECT 'credential' FROM lockstep.credential UNION ALL SELECT 'sign_in' FROM lockstep.sign_in`);
  return [...found, ...rows].map(({ name }) => name);
}

export async function create(change: object = {}): Promise<string> {
  const { status, body } = await server.ask('POST', '/api/v1/syncs', newSyncOf(org, change));
  assert.equal(status, 201, JSON.stringify(body));
  return String(body.id);
}

export async function deleteIt(id: string): Promise<void> {
  assert.equal((await server.ask('DELETE', path)).status, 200);
  assert.deepEqual(await leftOf([id]), []);
}

export const untilCurrent = async (objects: readonly string[]) => {
  const current = objects.map((object) => `${object} current`).join();
  for (let tries = 0; tries < 600; tries++) {
    const { items = [] } = (await server.ask('GET', `${path}/objects`)).body as {
      items?: { sobject: string; state: string }[];
    };
    if (
      items
        .map(({ sobject, state }) => `${sobject} ${state}`)
        .toSorted()
        .join() === current
    )
      return;
    await systemClock.sleep(50);
  }
  assert.fail(`never: ${current}`);
};

/** Work waits for a lock on a table of the private mirror. */
export const atTable =
  (table: string, mode = 'SHARE') =>
  async (): Promise<Hold> => {
    const sync = await findSync(control.control, 'acme');
    const database = sync?.destination.database ?? '';
    const url = databaseUrl(control.database.url, { database });
    const mirror = openDatabase({ url, applicationName: 'test' });
    const lock = await holdLock(mirror, `LOCK TABLE ${table} IN ${mode} MODE`);
    return {
      untilReached: () => lock.untilSomebodyWaits(),
      async release() {
        await lock.release();
        await mirror.end();
      },
    };
  };
