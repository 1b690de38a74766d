/** The database that a person gives for a mirror: what it needs, and whether it will do. */
import { X509Certificate } from 'node:crypto';
import type { Clock } from '@lockstep/foundation/clock';
import { isThisMachine } from '@lockstep/foundation/this-machine';
import type {
  DatabaseNames,
  DestinationChecks,
  NewDestination,
  ReplaceDestination,
} from '../contract/destinations.ts';
import { hostOf, type OwnDestination, type Tunnel } from '../core/own-database.ts';
import { readDatabaseUrl, type UrlParts } from '../core/own-database-url.ts';
import { errorKindOf, RequestError, usageError } from '../core/request-error.ts';
import { refusalOf, together } from '../core/wrong-members.ts';
import {
  type CheckName,
  checkDestination,
  databaseFault,
  isPrivateKey,
  ownRoles,
  scramVerifier,
  shownUrl,
  statementsBefore,
  statementsToUndo,
  type WantedMirror,
} from '../postgres/index.ts';
import { newPassword } from './readers.ts';

const next = 'lockstep help sync create';

/** A database that a request names, in either form. */
export interface GivenDestination {
  /** @throws as {@link destinationFrom} */
  open: () => Promise<OwnDestination>;
  /** The member that a check is about. */
  memberOf: (check: CheckName) => string;
}

export const givenDestination = (form: NewDestination): GivenDestination => ({
  open: () => destinationFrom(form),
  memberOf: (check) => memberOf(form, check),
});

const parts: Partial<Record<CheckName, 'tunnel' | 'tls' | 'writer' | 'reader' | 'schema'>> = {
  tunnel: 'tunnel',
  tls: 'tls',
  'sign-in': 'writer',
  schema: 'schema',
  'create table': 'schema',
  write: 'schema',
  grants: 'reader',
  reader: 'reader',
};

/** @param form  without a schema for the new place of a mirror, whose schema is known */
export function memberOf(form: NewDestination | ReplaceDestination, check: CheckName): string {
  const part = parts[check] ?? 'host';
  if (part === 'tunnel' || (part === 'schema' && 'schema' in form)) return part;
  if ('url' in form) return part === 'reader' ? 'reader_url' : 'url';
  return part === 'schema' ? 'database' : part;
}

const refused = (member: string, says: string) => refusalOf(member, usageError(says, next));

/** @throws RequestError about the member of the form that cannot be, or cannot be safe */
export async function destinationFrom(form: NewDestination): Promise<OwnDestination> {
  const { schema, share_schema: sharesSchema, ca = null } = form;
  const place = 'url' in form ? fromUrls(form) : form;
  const { host, port, database, tls, writer, reader } = place;
  if (tls !== 'verify-full' && !isThisMachine(host))
    throw refused(memberOf(form, 'tls'), `TLS to ${host} must be verify-full, because others are in between`);
  if (ca !== null && !isCertificate(ca)) throw refused('ca', 'The authority is no certificate in PEM');
  if (writer.user === reader.user)
    throw refused(memberOf(form, 'reader'), 'The reader must be another login than the writer');
  const tunnel = form.tunnel ? await tunnelFrom(form.tunnel) : null;
  return { host, port, database, tls, ca, tunnel, writer, reader, schema, sharesSchema };
}

async function tunnelFrom(form: NonNullable<NewDestination['tunnel']>): Promise<Tunnel> {
  const { host_key: hostKey = null, ...tunnel } = form;
  if (!(await isPrivateKey(tunnel.key)))
    throw refused('tunnel.key', "The tunnel's key is no private key without a passphrase");
  return { ...tunnel, hostKey };
}

function fromUrls({ url, reader_url }: { url: string; reader_url: string }) {
  const { login: writer, ...place } = partsOf('url', url, "The writer's address cannot be used");
  const { login: reader, ...other } = partsOf(
    'reader_url',
    reader_url,
    "The reader's address cannot be used",
  );
  if (JSON.stringify(place) !== JSON.stringify(other))
    throw refused('reader_url', 'The two addresses are not those of one database');
  return { ...place, writer, reader };
}

function partsOf(member: string, url: string, what: string): UrlParts {
  const read = readDatabaseUrl(url);
  if (typeof read !== 'string') return read;
  throw refused(member, `${what}. ${read}`);
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).subject !== undefined;
  } catch {
    return false;
  }
}

/** @throws Fault `DB-nn`: the server went away during a check */
export async function checkGivenDestination(
  to: OwnDestination,
  wanted: WantedMirror,
  clock: Clock,
  signal: AbortSignal,
) {
  try {
    return await checkDestination(to, wanted, clock, signal);
  } catch (error) {
    throw databaseFault(error, hostOf(to)) ?? error;
  }
}

/** @throws RequestError with each check that fails, its member, and the statement that repairs it */
export async function refuseUnfit(
  to: OwnDestination,
  wanted: WantedMirror,
  memberOfCheck: GivenDestination['memberOf'],
  { clock, signal }: { clock: Clock; signal: AbortSignal },
): Promise<void> {
  const checks = await checkGivenDestination(to, wanted, clock, signal);
  const [first, ...others] = checks.flatMap(({ name, fault, sql }) => {
    if (!fault) return [];
    const { code, message, next: advice } = fault;
    const repair = sql === null ? advice : `As the owner of the database, run: ${sql}`;
    const refusal = new RequestError(message, { kind: errorKindOf(code), label: code, next: repair });
    return [refusalOf(memberOfCheck(name), refusal)];
  });
  if (first) throw together([first, ...others]);
}

export function checksView(checks: Awaited<ReturnType<typeof checkGivenDestination>>): DestinationChecks {
  return {
    passed: checks.every(({ state }) => state !== 'failed'),
    checks: checks.map(({ fault, ...check }) => ({
      ...check,
      code: fault?.code ?? null,
      next: fault?.next ?? '',
    })),
  };
}

/** All that the database's owner runs before a sync is created there, with new passwords, which are stored nowhere. */
export function sqlToRunFirst({ host, port, database, schema, roles: prefix }: DatabaseNames) {
  const roles = ownRoles(prefix ?? `lockstep_${plainName(database)}`);
  const [writerPassword, readerPassword] = [newPassword(), newPassword()];
  const verifiers = { writer: scramVerifier(writerPassword), reader: scramVerifier(readerPassword) };
  const tls = isThisMachine(host) ? ('off' as const) : ('verify-full' as const);
  const own = { host, port, database, tls };
  return {
    sql: lines([
      `-- In the database ${quoted(database)}, as its owner with CREATEROLE; a superuser is not needed.`,
      ...statementsBefore({ database, schema }, roles, verifiers),
    ]),
    undo: lines([
      `-- In the database ${quoted(database)}. Removes the mirror and its roles; refuses if something of others depends on them.`,
      ...statementsToUndo(roles),
    ]),
    url: shownUrl(own, { user: roles.writer, password: writerPassword }),
    reader_url: shownUrl(own, { user: roles.reader, password: readerPassword }),
  };
}

/** Of a comment, which ends with its line. */
const quoted = (name: string) => JSON.stringify(name);
const lines = (texts: readonly string[]) => texts.map((text) => `${text}\n`).join('');
const plainName = (database: string) =>
  database
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '_')
    .slice(0, 40);
