import type { Database } from '@lockstep/foundation/database';
import { openTestControl, type TestControl } from '@lockstep/harness/control';
import { startOrg, type TestOrg } from '@lockstep/harness/org';
import { openServerProcess, type ServerProcess } from '@lockstep/harness/server-process';
import { makeTestSync, openMirror } from '@lockstep/harness/test-sync';
import type { Sync } from 'lockstep/control';
import { openWireTap, type WireTap } from './wire-tap.ts';

/** What a run works with, all of it real: org, wire, databases, and Lockstep as a process, not started yet. */
export interface ProcessHarness extends AsyncDisposable {
  org: TestOrg;
  wire: WireTap;
  server: ServerProcess;
  sync: Sync;
  control: TestControl;
  /** The mirror as its readers see it. */
  reader: Database;
  /** The mirror's database, connected as the server's administrator. */
  admin: Database;
}

export interface ProcessHarnessOptions {
  /** Number of records in the org before the run. */
  records: number;
  sobjects: readonly string[];
  /** Called each time a client's write is sent again. */
  onRepeat: (write: number) => void;
  /** A folder for Lockstep's log files. */
  logs?: string | undefined;
}

/** The shortest interval that a sync allows, so that polls often meet writes. */
const intervalMs = 200;
/** Outsiders sometimes lock rows for longer than this, so that some writes are refused. */
const lockTimeoutMs = 1_200;
const readersMax = 12;

export async function openProcessHarness({
  records,
  sobjects,
  onRepeat,
  logs,
}: ProcessHarnessOptions): Promise<ProcessHarness> {
  await using undo = new AsyncDisposableStack();
  const org = undo.use(await startOrg({ records, lockTimeoutMs, apiLimit: 1_000_000_000 }));
  const { hostname: host, port } = new URL(org.url);
  const wire = undo.use(await openWireTap({ host, port: Number(port) }, onRepeat));
  // Sign-ins return the wire's URL as instance URL.
  await org.control('/signIn/instanceUrl', { url: wire.url, times: null });
  const control = undo.use(await openTestControl());
  const allowHosts = [org.url, wire.url].map((url) => new URL(url).host);
  const wanted = { name: 'consistency', sobjects, intervalMs, allowHosts };
  const { sync } = undo.use(await makeTestSync(org, control, wanted));
  const server = undo.use(
    await openServerProcess({ controlUrl: control.database.url, key: control.keyBytes, allowHosts, logs }),
  );
  const { reader, admin } = undo.use(await openMirror(control, sync, { connectionsMax: readersMax }));
  const ends = undo.move();
  return {
    org,
    wire,
    server,
    sync,
    control,
    reader,
    admin,
    [Symbol.asyncDispose]: () => ends.disposeAsync(),
  };
}
