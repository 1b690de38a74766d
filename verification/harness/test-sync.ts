import { assert } from '@lockstep/foundation/assert';
import { systemClock } from '@lockstep/foundation/clock';
import { type Database, databaseUrl, openDatabase } from '@lockstep/foundation/database';
import { findSync, openReader, type Sync } from 'lockstep/control';
import { createSync } from 'lockstep/operations/create-sync';
import type { GivenDestination } from 'lockstep/operations/given-destination';
import { dropPrivateDatabase } from 'lockstep/postgres';
import type { TestControl } from './control.ts';
import type { TestOrg } from './org.ts';

export interface TestSyncOptions {
  name: string;
  sobjects: readonly string[];
  intervalMs: number;
  /** The org's own host, and any other through which the sync may reach it. */
  allowHosts: readonly string[];
  /** A database that a person owns; without one a private one. */
  destination?: GivenDestination | null;
  /** By default the org's own. */
  loginUrl?: string;
}

/** A sync of a simulated org, made as `sync create` does; its database is dropped at the end. */
export async function makeTestSync(
  org: TestOrg,
  { control, log }: TestControl,
  { loginUrl = org.url, ...options }: TestSyncOptions,
): Promise<AsyncDisposable & { sync: Sync }> {
  const { clientId, clientSecret } = org.credentials.integration;
  const credential = { flow: 'client credentials' as const, clientId, clientSecret };
  const given = () => Promise.resolve({ loginUrl, credential, signIn: null });
  const newSync = { given, apiVersion: '62.0', ...options };
  const deps = { control, clock: systemClock, log: log.log };
  const id = await createSync(deps, newSync, new AbortController().signal);
  const sync = await findSync(control, id);
  assert(sync, 'a sync that was created is found');
  return { sync, [Symbol.asyncDispose]: () => dropPrivateDatabase(control.db, id) };
}

/** Connects to the mirror twice: as its readers do, with values as text, and as the server's administrator. */
export async function openMirror(
  { control, database: { url } }: TestControl,
  sync: Sync,
  { connectionsMax }: { connectionsMax?: number } = {},
): Promise<AsyncDisposable & { reader: Database; admin: Database }> {
  const reader = openDatabase({
    ...(await openReader(control, sync)),
    applicationName: 'test-reader',
    valuesAsText: true,
    ...(connectionsMax !== undefined && { connectionsMax }),
  });
  const { database } = sync.destination;
  const admin = openDatabase({ url: databaseUrl(url, { database }), applicationName: 'test-admin' });
  return {
    reader,
    admin,
    async [Symbol.asyncDispose]() {
      await reader.end();
      await admin.end();
    },
  };
}
