/**
 * `demo --check`: runs backfill, comparison, writes and reads unattended, in temporary folders and databases that it
 * removes at the end. One line of JSON reports the result.
 */
import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deadline, systemClock } from '@lockstep/foundation/clock';
import { type Database, databaseUrl, openDatabase } from '@lockstep/foundation/database';
import type { Config } from '../../config.ts';
import { RequestError } from '../../core/request-error.ts';
import {
  createDatabase,
  databaseFault,
  dropDatabase,
  readStatusRows,
  removeEmbedded,
} from '../../postgres/index.ts';
import type { Context } from '../arguments.ts';
import type { OrgChoices } from '../commands/simulated-org.ts';
import { withControl } from '../control-access.ts';
import { watchBackfill } from '../terminal/backfill-progress.ts';
import { exitCodes } from '../terminal/exit-codes.ts';
import { reportFailure } from '../terminal/failure.ts';
import type { Output } from '../terminal/output.ts';
import { eraseDemoDatabases } from './demo-erase.ts';
import { selectAccountName, selectRowCount } from './demo-sql.ts';
import { countInOrg, type Demo, openDemo } from './demo-stage.ts';

interface Report {
  ok: boolean;
  /** Since this process began. */
  seconds_to_first_row: number | null;
  rows: number | null;
  rows_expected: number | null;
  read_your_writes: { create: boolean; update: boolean; delete: boolean };
  seconds: number | null;
}

/** Ample for any machine on which a demo is worth running. */
const limitMs = 900_000;
const outOfTime = new RequestError(`The check did not finish within ${limitMs / 60_000} minutes`, {
  kind: 'time ran out',
  next: 'Try again on a machine that does less at the same time.',
});
/** While the org changes, the counts agree only in a quiet moment. */
const compareTriesMax = 200;
const compareEveryMs = 250;

/** Returns the exit code: 0 only if every check passed and the shutdown was clean. */
export async function runCheck(choices: OrgChoices, { config, output, stop }: Context): Promise<number> {
  const report: Report = {
    ok: false,
    seconds_to_first_row: null,
    rows: null,
    rows_expected: null,
    read_your_writes: { create: false, update: false, delete: false },
    seconds: null,
  };
  let exitCode = 0;
  using limit = deadline(systemClock, limitMs, stop);
  try {
    await using workspace = await openWorkspace(config);
    await using demo = await openDemo({
      config: workspace.config,
      ...choices,
      controlPort: 0,
      output,
      stop: limit,
    });
    await checkAll(demo, report, output);
    report.ok = true;
  } catch (error) {
    report.ok = false;
    const failure = limit.aborted ? outOfTime : error;
    exitCode = stop.aborted ? exitCodes.interrupted : reportFailure(failure, { ...output, wantsJson: false });
  }
  report.seconds = secondsSinceStart();
  output.object(report);
  return exitCode;
}

const secondsSinceStart = (now = performance.now()) => Math.round(now / 10) / 100;

async function checkAll(demo: Demo, report: Report, output: Output): Promise<void> {
  const { ended: stop } = demo;
  const mirror = openDatabase({ url: demo.mirrorUrl, applicationName: 'lockstep check', connectionsMax: 1 });
  try {
    const { firstRowAt } = await watchBackfill(mirror, demo.sync.name, output, stop);
    if (firstRowAt !== null)
      report.seconds_to_first_row = secondsSinceStart(firstRowAt - performance.timeOrigin);
    await compareCounts(demo, mirror, report, stop);
    await writeAndRead(demo, mirror, report, stop);
  } finally {
    await mirror.end();
  }
}

/** Compares each object's count from the org's API with a count(*) on the mirror. */
async function compareCounts(demo: Demo, mirror: Database, report: Report, stop: AbortSignal): Promise<void> {
  const tables = await readStatusRows(mirror);
  for (let tries = 1; ; tries++) {
    const counts = [];
    for (const { sobject, table_name: table } of tables) {
      const inOrg = await countInOrg(demo, {
        path: 'query',
        soql: `SELECT COUNT() FROM ${sobject}`,
        signal: stop,
      });
      const [row] = await selectRowCount(mirror, demo.sync.destination.tableSchema, table);
      counts.push({ sobject, inOrg, here: row?.rows ?? 0 });
    }
    report.rows = counts.reduce((sum, { here }) => sum + here, 0);
    report.rows_expected = counts.reduce((sum, { inOrg }) => sum + inOrg, 0);
    const different = counts.filter(({ inOrg, here }) => inOrg !== here);
    if (different.length === 0) return;
    const found = different.map(
      ({ sobject, inOrg, here }) => `${sobject}: ${here} rows, ${inOrg} in the org`,
    );
    if (tries === compareTriesMax) throw failed(found.join('; '));
    await systemClock.sleep(compareEveryMs, stop);
  }
}

/** Sends each kind of write through the proxy and reads it back with SQL as soon as the answer arrives. */
async function writeAndRead(demo: Demo, mirror: Database, report: Report, stop: AbortSignal): Promise<void> {
  const { read_your_writes: readYourWrites } = report;
  const nameOf = async (id: string) => {
    const [row] = await selectAccountName(mirror, id);
    return row?.name;
  };
  const [first, second] = [1, 2].map(
    (number) => `Lockstep check ${number} ${randomBytes(4).toString('hex')}`,
  );
  const created = await write(demo, 'POST', '', { Name: first }, stop);
  const { id } = (await created.json()) as { id?: unknown };
  if (created.status !== 201 || typeof id !== 'string')
    throw failed(`the create was answered ${created.status}`);
  readYourWrites.create = (await nameOf(id)) === first;
  const updated = await write(demo, 'PATCH', `/${id}`, { Name: second }, stop);
  readYourWrites.update = updated.status === 204 && (await nameOf(id)) === second;
  const deleted = await write(demo, 'DELETE', `/${id}`, undefined, stop);
  readYourWrites.delete = deleted.status === 204 && (await nameOf(id)) === undefined;
  const missing = Object.entries(readYourWrites).filter(([, isShown]) => !isShown);
  if (missing.length > 0) throw failed(`SQL did not show: ${missing.map(([kind]) => kind).join(', ')}`);
}

function write(
  { base, token }: Demo,
  method: string,
  path: string,
  body: object | undefined,
  signal: AbortSignal,
) {
  return fetch(`${base}/services/data/v62.0/sobjects/Account${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
    signal,
  });
}

const failed = (what: string) =>
  new RequestError(`The check failed: ${what}`, {
    kind: 'unexpected',
    next: 'Please report it with the lines above.',
  });

/** A temporary folder for key, data and programs; on the user's own server also databases with random names. */
async function openWorkspace(config: Config): Promise<AsyncDisposable & { config: Config }> {
  const { databaseUrl: own } = config;
  await using undo = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'lockstep-check-'));
  undo.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  await chmod(folder, 0o711); // for the user that root lets PostgreSQL run as
  const temporary = {
    ...config,
    dataDir: join(folder, 'data'),
    key: { defaultKeyFile: join(folder, 'key') },
    mail: {},
    proxyPort: 0,
    proxyCertificate: undefined, // this machine may not trust it, and TLS is not what is checked
    metricsPort: 0,
    apiPort: 0,
    orgPort: 0,
    postgresPort: 0,
  };
  undo.defer(() => removeEmbedded(temporary.dataDir));
  const controlUrl = own === undefined ? undefined : await makeControl(own, temporary, undo);
  const ends = undo.move();
  return {
    config: { ...temporary, databaseUrl: controlUrl },
    [Symbol.asyncDispose]: () => ends.disposeAsync(),
  };
}

/** Dropped at the end, with the demo's other databases. */
async function makeControl(own: string, config: Config, undo: AsyncDisposableStack): Promise<string> {
  const name = `lockstep_check_${randomBytes(6).toString('hex')}`;
  const admin = openDatabase({ url: own, applicationName: 'lockstep check', connectionsMax: 1 });
  undo.defer(() => admin.end());
  try {
    await createDatabase(admin, name);
  } catch (error) {
    throw databaseFault(error, new URL(own).host) ?? error;
  }
  undo.defer(() => dropDatabase(admin, name).then(() => undefined));
  const controlUrl = databaseUrl(own, { database: name });
  undo.defer(() =>
    withControl({ ...config, databaseUrl: controlUrl }, (control) =>
      eraseDemoDatabases(control, controlUrl, config.dataDir),
    ),
  );
  return controlUrl;
}
