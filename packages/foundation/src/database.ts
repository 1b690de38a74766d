import type { Duplex } from 'node:stream';
import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { assert } from './assert.ts';
import { CopyOut, type OnCopyRow } from './copy-out.ts';
import { withTls } from './database-tls.ts';
import { compile, type Sql, withInlinedValues } from './sql.ts';
import { readAsText, type TextLimits, type TextTable } from './text-query.ts';

export type { TextLimits, TextTable } from './text-query.ts';

/**
 * A statement that the server keeps prepared under its name, per connection. For wide generated statements, which
 * take longer to plan than to run on a small page.
 */
export interface Prepared {
  name: string;
  text: string;
  values: readonly unknown[];
}

export interface Tx {
  query<Row = Record<string, unknown>>(statement: Sql | Prepared): Promise<Row[]>;
  /** Runs a text of several statements. Only for text of our own, such as migrations: it takes no values. */
  script(text: string): Promise<void>;
}

/** A transaction, or a session: its statements all run on one connection. */
export interface Transaction extends Tx {
  /**
   * Runs a COPY … FROM STDIN with these bytes and returns how many rows it stored. Of a database error only the
   * SQLSTATE is kept, because its text quotes values.
   */
  copyIn(statement: Sql, bytes: Buffer): Promise<number>;
}

export interface Database extends Tx {
  /**
   * Runs `work` in one READ COMMITTED transaction with synchronous commit, whatever the database's own defaults are,
   * and commits; any error rolls it back. A database error has its SQLSTATE in `code`.
   */
  transaction<Result>(work: (tx: Transaction) => Promise<Result>): Promise<Result>;
  /** Runs one statement of a person and returns what to show: columns by place, values as the server's own text. */
  queryAsText(text: string, limits: TextLimits): Promise<TextTable>;
  /** A connection of its own for what needs a session: LISTEN, session locks. Closed, not reused, when released. */
  session(): Promise<Session>;
  end(): Promise<void>;
}

export interface Session extends Tx {
  onNotification(listener: (channel: string, payload: string) => void): void;
  /** Runs a COPY … TO STDOUT and passes on its rows as they arrive. Has no time-out. */
  copyOut(statement: Sql, onRow: OnCopyRow): Promise<void>;
  /** Resolves when the connection has ended, for whatever reason. */
  closed: Promise<void>;
  close(): Promise<void>;
}

/** Where a database is, and how its server proves to be that one. */
export interface DatabaseAddress {
  url: string;
  /** TLS with a verified certificate, whatever the URL says of it. */
  tls?: {
    /** The authority that the certificate must come from, as PEM; without it those that Node trusts. */
    ca?: string | undefined;
  };
  /** Makes the streams of its connections, which have the `connect(port, host)` and the options of a `net.Socket`. */
  dial?: () => Duplex;
}

export interface DatabaseOptions extends DatabaseAddress {
  /** Shown in pg_stat_activity; a takeover finds the former holder's sessions by it. */
  applicationName: string;
  connectionsMax?: number;
  /** The server ends a statement after this long; 0: never. */
  statementTimeoutMs?: number;
  /** `end` cancels queries and transactions that are under way instead of waiting for them. */
  cancelsAtEnd?: boolean;
  connectTimeoutMs?: number;
  /** Further settings of each session, by PostgreSQL's own names. */
  settings?: Readonly<Record<string, string>>;
  /** Return every value as the server's own text: for showing rows whose types are not known. */
  valuesAsText?: boolean;
  /** Called when a connection breaks while idle; the pool has already replaced it. */
  onIdleError?: (code: string) => void;
}

/**
 * Whole numbers and booleans become JavaScript values; everything else stays the server's own text.
 * A Date would lose microseconds and a double would lose digits. jsonb is parsed: only our own tables have it.
 */
const typeParsers: Record<number, (text: string) => unknown> = {
  16: (text) => text === 't',
  20: wholeNumber, // int8: tickets and counts, never a record's value
  21: wholeNumber,
  23: wholeNumber,
  26: wholeNumber,
  114: (text) => JSON.parse(text) as unknown,
  3802: (text) => JSON.parse(text) as unknown,
};

function wholeNumber(text: string): number {
  const value = Number(text);
  assert(Number.isSafeInteger(value), 'a whole number from the database exceeds 2^53');
  return value;
}

const arrayTypes = new Set([1005, 1007, 1009, 1015, 1016]);
const types = {
  getTypeParser: (oid: number, format?: 'text' | 'binary') =>
    typeParsers[oid] ?? (arrayTypes.has(oid) ? pg.types.getTypeParser(oid, format) : (text: string) => text),
} as pg.CustomTypesConfig;
const textOnly = { getTypeParser: () => (text: string) => text } as pg.CustomTypesConfig;

/** How long after its own time-out the server may still answer. */
const silenceMs = 5_000;
/** Statements of a session are short; what it waits for comes by notification. */
const sessionSilenceMs = 30_000;

/** Opens a pool, which connects on first use. */
export function openDatabase(options: DatabaseOptions): Database {
  const statementTimeoutMs = options.statementTimeoutMs ?? 60_000;
  const settings: pg.PoolConfig = {
    ...connectionOf(options),
    application_name: options.applicationName,
    max: options.connectionsMax ?? 4,
    idleTimeoutMillis: 30_000,
    connectionTimeoutMillis: options.connectTimeoutMs ?? 10_000,
    statement_timeout: statementTimeoutMs,
    // Over a network that fails silently nothing arrives, not even the error that a statement took too long.
    query_timeout: statementTimeoutMs === 0 ? 0 : statementTimeoutMs + silenceMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    idle_in_transaction_session_timeout: 5_000,
    // Every name is schema-qualified (CVE-2018-1058). A database or role may default to another commit mode.
    options: Object.entries({ synchronous_commit: 'on', search_path: '', ...options.settings })
      .map(([name, value]) => `-c ${name}=${value}`)
      .join(' '),
    types: options.valuesAsText ? textOnly : types,
  };
  const pool = new pg.Pool(settings);
  // A connection may end while it passes from one user to the next and neither listens. An 'error' event without a
  // listener ends the process; the connection's next statement fails anyway.
  pool.on('connect', (client) => client.on('error', () => undefined));
  pool.on('error', (error) => options.onIdleError?.(sqlState(error) ?? 'connection lost'));
  const working = new Set<pg.PoolClient>();

  const database: Database = {
    ...statementsOn(pool),
    ...(options.cancelsAtEnd && {
      async query<Row>(statement: Sql | Prepared): Promise<Row[]> {
        const client = await pool.connect();
        working.add(client);
        try {
          return await run<Row>(client, statement);
        } finally {
          working.delete(client);
          client.release();
        }
      },
    }),
    transaction: (work) => transact(pool, working, work),
    async queryAsText(text, limits) {
      const client = await pool.connect();
      let broken: unknown;
      try {
        return await readAsText(client, text, limits);
      } catch (error) {
        broken = error; // the cursor may still be open
        throw error;
      } finally {
        client.release(broken !== undefined);
      }
    },
    session: () => openSession(settings),
    async end() {
      if (options.cancelsAtEnd) await cancel(settings, [...working]);
      await pool.end();
    },
  };
  return database;
}

function connectionOf({ url, tls, dial }: DatabaseAddress): pg.PoolConfig {
  const stream = dial && { stream: dial };
  if (!tls) return { connectionString: withTls(url), ...stream };
  const parsed = new URL(url);
  parsed.searchParams.delete('sslmode'); // it would win
  const host = parsed.hostname.replace(/^\[|\]$/g, ''); // without it the certificate of an IP address is not checked
  const ssl = { host, ...(tls.ca !== undefined && { ca: tls.ca }) };
  return { connectionString: parsed.toString(), ssl, ...stream };
}

async function transact<Result>(
  pool: pg.Pool,
  working: Set<pg.PoolClient>,
  work: (tx: Transaction) => Promise<Result>,
): Promise<Result> {
  const client = await pool.connect();
  let broken: Error | undefined;
  // Emitted when the server ends the connection between two statements; without a listener it ends the process.
  const onError = (error: Error) => {
    broken = error;
  };
  client.on('error', onError);
  working.add(client);
  try {
    await client.query('BEGIN ISOLATION LEVEL READ COMMITTED');
    const result = await work({
      ...statementsOn(client),
      copyIn: (statement, bytes) => copyIn(client, statement, bytes),
    });
    const done = await client.query('COMMIT');
    // COMMIT of a failed transaction succeeds with the command ROLLBACK.
    assert(done.command === 'COMMIT', 'the transaction was rolled back');
    return result;
  } catch (error) {
    if (isSilence(error)) {
      broken = error; // a ROLLBACK would wait just as long
      throw error;
    }
    await client.query('ROLLBACK').catch((rollback: Error) => {
      broken = rollback;
    });
    throw error;
  } finally {
    working.delete(client);
    client.off('error', onError);
    client.release(broken);
  }
}

/** Does nothing if the server cannot be reached. */
async function cancel(settings: pg.ClientConfig, clients: readonly pg.PoolClient[]): Promise<void> {
  if (clients.length === 0) return;
  const canceller = new pg.Client(settings);
  canceller.on('error', () => undefined);
  try {
    await canceller.connect();
    for (const client of clients) {
      const { processID } = client as pg.PoolClient & { processID: number };
      await canceller.query('SELECT pg_cancel_backend($1)', [processID]);
    }
  } catch {
    // a server that is down runs no statements
  } finally {
    await canceller.end().catch(() => undefined);
  }
}

async function openSession(settings: pg.ClientConfig): Promise<Session> {
  const client = new pg.Client({
    ...settings,
    statement_timeout: 0,
    query_timeout: sessionSilenceMs,
    idle_in_transaction_session_timeout: 0,
  });
  const closed = new Promise<void>((resolve) => client.once('end', resolve));
  client.on('error', () => undefined); // 'end' follows
  await client.connect();
  return {
    ...statementsOn(client),
    onNotification: (listener) =>
      void client.on('notification', ({ channel, payload }) => listener(channel, payload ?? '')),
    copyOut: (statement, onRow) => client.query(new CopyOut(withInlinedValues(statement), onRow)).done,
    closed,
    close: () => client.end(),
  };
}

/** Recognised by the driver's message for an answer that did not come in time. */
const isSilence = (error: unknown): error is Error =>
  error instanceof Error && error.message === 'Query read timeout';

const statementsOn = (client: pg.Pool | pg.ClientBase): Tx => ({
  query: (statement) => run(client, statement),
  script: async (text) => {
    await client.query(text);
  },
});

function copyIn(client: pg.PoolClient, statement: Sql, bytes: Buffer): Promise<number> {
  const copy = client.query(copyFrom(withInlinedValues(statement)));
  return new Promise((resolve, reject) => {
    copy.once('finish', () => resolve(copy.rowCount));
    copy.once('error', (error) => {
      const code = sqlState(error);
      const failure = code === undefined ? error : new Error(`the database refused a COPY (${code})`);
      reject(Object.assign(failure, code !== undefined && { code }));
    });
    copy.end(bytes);
  });
}

async function run<Row>(client: pg.Pool | pg.ClientBase, statement: Sql | Prepared): Promise<Row[]> {
  const query = 'strings' in statement ? compile(statement) : { ...statement, values: [...statement.values] };
  const result = await client.query<Row & pg.QueryResultRow>(query);
  return result.rows;
}

/** The five-character code of a database error; undefined for any other error (Node's codes begin with E). */
export function sqlState(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' && /^[0-9A-DF-Z][0-9A-Z]{4}$/.test(code) ? code : undefined;
}

/** The same URL with another database, user or password. */
export function databaseUrl(
  url: string,
  change: { database?: string; user?: string; password?: string },
): string {
  const parsed = new URL(url);
  // A URL without a host cannot have a user or password. The driver still prefers the socket folder in `?host=`.
  if (parsed.hostname === '') parsed.hostname = 'localhost';
  if (change.database !== undefined) parsed.pathname = `/${encodeURIComponent(change.database)}`;
  if (change.user !== undefined) parsed.username = encodeURIComponent(change.user);
  if (change.password !== undefined) parsed.password = encodeURIComponent(change.password);
  return parsed.toString();
}
