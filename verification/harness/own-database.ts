/** A database of a person's own on the test server, prepared with the SQL that Lockstep prints. */
import { randomBytes } from 'node:crypto';
import { type Database, databaseUrl, openDatabase } from '@lockstep/foundation/database';
import { ident, literal, sql } from '@lockstep/foundation/sql';
import { sqlToRunFirst } from 'lockstep/operations/given-destination';
import { testServerUrl } from './database.ts';

export interface OwnDatabaseHarness extends AsyncDisposable {
  name: string;
  /** What the names of its roles begin with. */
  prefix: string;
  /** As its owner, who may make roles and is no superuser. */
  owner: Database;
  superuser: Database;
  /** The address for the writer, and that for the reader. */
  url: string;
  readerUrl: string;
  undo: string;
  /** As a request of the API names it. */
  form(change?: object): { url: string; reader_url: string };
}

export interface OwnDatabaseOptions {
  schema?: string;
  /** False: it is empty, and the roles do not exist. */
  prepared?: boolean;
  /** Null: the server's own. */
  encoding?: string | null;
  /** Of a superuser of a server that goes with the test. By default it is on the server of the tests. */
  serverUrl?: string;
}

export async function openOwnDatabase({
  schema = 'salesforce',
  prepared = true,
  encoding = null,
  serverUrl,
}: OwnDatabaseOptions = {}): Promise<OwnDatabaseHarness> {
  const server = new URL(serverUrl ?? testServerUrl());
  const name = `own_${randomBytes(6).toString('hex')}`;
  const open = (change: object) =>
    openDatabase({ url: databaseUrl(server.href, change), applicationName: 'test', connectionsMax: 1 });
  const admin = open({});
  await admin.query(sql`CREATE ROLE ${ident(name)} LOGIN CREATEROLE PASSWORD ${literal(name)}`);
  const inEncoding =
    encoding === null
      ? sql``
      : sql`TEMPLATE template0 ENCODING ${literal(encoding)} LOCALE_PROVIDER libc LOCALE 'C'`;
  await admin.query(sql`CREATE DATABASE ${ident(name)} OWNER ${ident(name)} ${inEncoding}`);
  const prefix = `lockstep_${name}`;
  const names = { database: name, schema, host: server.hostname, port: Number(server.port), roles: prefix };
  const first = sqlToRunFirst(names);
  const owner = open({ database: name, user: name, password: name });
  const superuser = open({ database: name });
  if (prepared) await owner.script(first.sql);
  const removeAll = async () => {
    await admin.query(sql`DROP DATABASE ${ident(name)} WITH (FORCE)`);
    const roles = await admin.query<{ role: string }>(
      sql`SELECT rolname::text AS role FROM pg_roles WHERE starts_with(rolname, ${prefix}) OR rolname = ${name}
           ORDER BY rolname = ${name}`,
    );
    for (const { role } of roles) await admin.query(sql`DROP ROLE ${ident(role)}`);
  };
  return {
    name,
    prefix,
    owner,
    superuser,
    url: first.url,
    readerUrl: first.reader_url,
    undo: first.undo,
    form: (change = {}) => ({ url: first.url, reader_url: first.reader_url, ...change }),
    async [Symbol.asyncDispose]() {
      await owner.end();
      await superuser.end();
      if (serverUrl === undefined) await removeAll();
      await admin.end();
    },
  };
}
