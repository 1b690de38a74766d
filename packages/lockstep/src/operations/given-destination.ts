/** The database that a person gives for a mirror: what it needs, and whether it will do. */
import { X509Certificate } from 'node:crypto';
import type { Clock } from '@lockstep/foundation/clock';
import { isThisMachine } from '@lockstep/foundation/this-machine';
import type { DatabaseNames, DestinationChecks, NewDestination } from '../contract/destinations.ts';
import { hostOf, type OwnDestination, type Tunnel } from '../core/own-database.ts';
import { readDatabaseUrl, type UrlParts } from '../core/own-database-url.ts';
import { errorKindOf, RequestError, usageError } from '../core/request-error.ts';
import {
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

/** @throws RequestError: something in it cannot be, or cannot be safe */
export async function destinationFrom(form: NewDestination): Promise<OwnDestination> {
  const { schema, share_schema: sharesSchema, ca = null } = form;
  const place = 'url' in form ? fromUrls(form) : form;
  const { host, port, database, tls, writer, reader } = place;
  if (tls !== 'verify-full' && !isThisMachine(host))
    throw usageError(`TLS to ${host} must be verify-full, because others are in between`, next);
  if (ca !== null && !isCertificate(ca)) throw usageError('The authority is no certificate in PEM', next);
  if (writer.user === reader.user) throw usageError('The reader must be another login than the writer', next);
  const tunnel = form.tunnel ? await tunnelFrom(form.tunnel) : null;
  return { host, port, database, tls, ca, tunnel, writer, reader, schema, sharesSchema };
}

async function tunnelFrom(form: NonNullable<NewDestination['tunnel']>): Promise<Tunnel> {
  const { host_key: hostKey = null, ...tunnel } = form;
  if (!(await isPrivateKey(tunnel.key)))
    throw usageError("The tunnel's key is no private key without a passphrase", next);
  return { ...tunnel, hostKey };
}

function fromUrls({ url, reader_url }: { url: string; reader_url: string }) {
  const { login: writer, ...place } = partsOf(url, "The writer's address cannot be used");
  const { login: reader, ...other } = partsOf(reader_url, "The reader's address cannot be used");
  if (JSON.stringify(place) !== JSON.stringify(other))
    throw usageError('The two addresses are not those of one database', next);
  return { ...place, writer, reader };
}

function partsOf(url: string, what: string): UrlParts {
  const parts = readDatabaseUrl(url);
  if (typeof parts !== 'string') return parts;
  throw usageError(`${what}. ${parts}`, next);
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

/** @throws RequestError with the first check that fails, and with the statement that repairs it */
export async function refuseUnfit(
  to: OwnDestination,
  wanted: WantedMirror,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  const failed = (await checkGivenDestination(to, wanted, clock, signal)).find(({ fault }) => fault);
  if (!failed?.fault) return;
  const { code, message, next: advice } = failed.fault;
  const repair = failed.sql === null ? advice : `As the owner of the database, run: ${failed.sql}`;
  throw new RequestError(message, { kind: errorKindOf(code), label: code, next: repair });
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
