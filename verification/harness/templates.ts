import { createHash, randomBytes } from 'node:crypto';
import { systemClock } from '@lockstep/foundation/clock';
import { databaseUrl, openDatabase, type Session } from '@lockstep/foundation/database';
import { ident, sql } from '@lockstep/foundation/sql';
import { openTestDatabase, type TestDatabase, testServerUrl } from './database.ts';

/** First key of the advisory lock; the second is a hash of the template's name. */
const templateLock = 79;

/**
 * Lets the test processes of one run share template databases: `environment` gives them the name prefix. All templates
 * are dropped at the end.
 */
export function openTemplates(url: string): AsyncDisposable & { environment: Record<string, string> } {
  const prefix = `template_${randomBytes(4).toString('hex')}_`;
  return {
    environment: { TEST_TEMPLATE_PREFIX: prefix },
    async [Symbol.asyncDispose]() {
      const admin = openDatabase({ url, applicationName: 'test templates', connectionsMax: 1 });
      const templates = await admin.query<{ datname: string }>(
        sql`SELECT datname FROM pg_database WHERE starts_with(datname, ${prefix})`,
      );
      for (const { datname } of templates) await admin.query(sql`DROP DATABASE ${ident(datname)}`);
      await admin.end();
    },
  };
}

/**
 * A database filled by `fill`. In a test run it is filled once and then copied, which takes a tenth of the time.
 *
 * @param what  everything that the result depends on, as text
 */
export async function openFilledDatabase(
  what: string,
  fill: (url: string) => Promise<void>,
): Promise<TestDatabase> {
  const template = await templateOf(what, fill);
  const database = await openTestDatabase(template);
  if (template === undefined) await fill(database.url);
  return database;
}

/**
 * The name of a database to copy. The first process of a run that needs it fills it; the others wait.
 *
 * @returns undefined outside a test run, where nobody would drop it
 */
export async function templateOf(
  what: string,
  fill: (url: string) => Promise<void>,
): Promise<string | undefined> {
  const prefix = process.env.TEST_TEMPLATE_PREFIX;
  if (prefix === undefined) return undefined;
  const name = `${prefix}${createHash('sha256').update(what).digest('hex').slice(0, 16)}`;
  const server = testServerUrl();
  const admin = openDatabase({ url: server, applicationName: 'test template', connectionsMax: 1 });
  const session = await admin.session();
  try {
    await lock(session, name);
    const [existing] = await session.query(sql`SELECT FROM pg_database WHERE datname = ${name}`);
    if (!existing) {
      // It gets its name when it is complete: a process that dies while filling leaves no template.
      const unfinished = `${name}_${process.pid}`;
      await session.query(sql`CREATE DATABASE ${ident(unfinished)}`);
      await fill(databaseUrl(server, { database: unfinished }));
      await session.query(sql`ALTER DATABASE ${ident(unfinished)} RENAME TO ${ident(name)}`);
    }
  } finally {
    await session.close();
    await admin.end();
  }
  return name;
}

/** Polls for the lock, because filling may take longer than a session's statement may. */
async function lock(session: Session, name: string): Promise<void> {
  for (;;) {
    const [row] = await session.query<{ locked: boolean }>(
      sql`SELECT pg_try_advisory_lock(${templateLock}, hashtext(${name})) AS locked`,
    );
    if (row?.locked) return;
    await systemClock.sleep(100);
  }
}
