/** A database that a person owns, as the place of a mirror: what is given, what its checks say, what is to be run first. */
import { z } from 'zod';
import { hostOf, tlsModes } from '../core/own-database.ts';

/** PostgreSQL takes no NUL in names, and nobody else takes other control characters. */
const plain = /^[ -~\u00a0-\uffff]*$/;
const name = z.string().min(1).max(63).regex(plain, 'no control characters');
const password = z.string().min(1).max(1_000).regex(plain, 'no control characters');
const host = z
  .string()
  .max(253)
  .regex(/^(?:[A-Za-z0-9_][A-Za-z0-9._-]*|[0-9a-fA-F:.]*:[0-9a-fA-F:.]*)$/, 'a name or an IP address')
  .refine(
    (given) => URL.canParse(`postgres://${hostOf({ host: given, port: 1 })}`),
    'a name or an IP address',
  );
const port = z.int().min(1).max(65_535).default(5_432);
const login = z.strictObject({ user: name, password });

const schema = z
  .string()
  .regex(/^[a-z_][a-z0-9_]{0,62}$/, 'up to 63 of a-z, 0-9 and _, the first no digit')
  .refine((given) => !/^(pg_|_lockstep$|information_schema$)/.test(given), 'this schema is not for tables')
  .default('salesforce')
  .describe('Of the tables.');

const tunnel = z
  .strictObject({
    host,
    port: port.default(22),
    user: name,
    key: z
      .string()
      .min(1)
      .max(20_000)
      .describe("The user's private key, in PEM or OpenSSH form, without a passphrase."),
    host_key: z
      .string()
      .regex(/^SHA256:[A-Za-z0-9+/]{43}$/, 'SHA256: and 43 characters, as ssh-keygen -l prints it')
      .optional()
      .describe(
        'The fingerprint of its host key. Without it the check fails and says which key the server shows.',
      ),
  })
  .describe('An SSH server that passes connections on to the database, and knows it by its host.');

const way = {
  tunnel: tunnel.optional(),
  ca: z
    .string()
    .max(200_000)
    .optional()
    .describe("The authority that the server's certificate must come from, as PEM; without it a public one."),
};
const tables = {
  schema,
  share_schema: z
    .boolean()
    .default(false)
    .describe('The schema may contain other tables. They stay as they are; a name that is taken is refused.'),
};

const fields = {
  host,
  port,
  database: name,
  writer: login,
  reader: login.describe('With which Lockstep itself reads.'),
  tls: z
    .enum(tlsModes)
    .default('verify-full')
    .describe('`require` and `off` only for a server on this machine, or on that of the tunnel.'),
  ...way,
};

const url = z.string().min(1).max(4_000);
const urls = {
  url: url.describe("With the writer's login: postgres://user:password@host:port/database."),
  reader_url: url.describe("The same with the reader's login."),
  ...way,
};

export const newDestinationSchema = z
  .union([z.strictObject({ ...fields, ...tables }), z.strictObject({ ...urls, ...tables })])
  .meta({ id: 'NewDestination' })
  .describe('A database of your own. Passwords are sealed, and never shown again.');
export type NewDestination = z.infer<typeof newDestinationSchema>;

export const replaceDestinationSchema = z
  .union([z.strictObject(fields), z.strictObject(urls)])
  .meta({ id: 'ReplaceDestination' })
  .describe('Where the mirror of a sync is now, with the logins and the tunnel that lead to it.');
export type ReplaceDestination = z.infer<typeof replaceDestinationSchema>;

export const destinationChecksSchema = z
  .object({
    passed: z.boolean().describe('A mirror can be made there.'),
    checks: z.array(
      z.object({
        name: z.string(),
        state: z.enum(['passed', 'failed', 'skipped']),
        code: z.string().nullable().describe('Of the error, if it failed.'),
        says: z.string(),
        next: z.string().describe('Empty unless it failed.'),
        sql: z
          .string()
          .nullable()
          .describe("The statement that repairs it, for the database's owner; null: no statement does."),
        ms: z.int(),
      }),
    ),
  })
  .meta({ id: 'DestinationChecks' });
export type DestinationChecks = z.infer<typeof destinationChecksSchema>;

export const databaseNamesSchema = z
  .strictObject({
    database: name,
    schema,
    host: host.default('localhost').describe('For the addresses in the answer.'),
    port,
    roles: z
      .string()
      .regex(/^[a-z][a-z0-9_]{0,50}$/, 'up to 51 of a-z, 0-9 and _, the first a letter')
      .optional()
      .describe('What the names of the roles begin with: lockstep_ and the database, if it is not given.'),
  })
  .meta({ id: 'DatabaseNames' });
export type DatabaseNames = z.infer<typeof databaseNamesSchema>;

export const databaseSqlSchema = z
  .object({
    sql: z.string().describe("For the database's owner with CREATEROLE, connected to the database."),
    undo: z.string().describe('Removes all of it again, and the mirror.'),
    url: z.string().describe("With the writer's login and a new password, which is stored nowhere."),
    reader_url: z.string().describe("The same with the reader's."),
  })
  .meta({ id: 'DatabaseSql' });

export const formerDatabaseSchema = z
  .object({ database: z.string().describe('Of the server that the control database is on.') })
  .meta({ id: 'FormerDatabase' });
