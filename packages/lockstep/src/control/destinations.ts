/** Where the mirror of a sync is, and how the sync and Lockstep itself connect to it. */
import { type DatabaseAddress, databaseUrl } from '@lockstep/foundation/database';
import { z } from 'zod';
import { Fault } from '../core/faults.ts';
import type { SyncId } from '../core/ids.ts';
import {
  type DatabaseLogin,
  hostOf,
  type OwnDatabase,
  type OwnDestination,
  tlsModes,
} from '../core/own-database.ts';
import { addressOf, destinationNames, shownUrl } from '../postgres/index.ts';
import { type Control, keyOf } from './database.ts';
import { unwrapDataKey } from './keys.ts';
import { type Key, seal, unseal } from './sealing.ts';
import { selectSealedSecrets } from './sql.ts';

/** A database of the sync's own on the control database's server, or one that a person owns. */
export type SyncDestination = { database: string; tableSchema: string } & (
  | { kind: 'private' }
  | { kind: 'own'; address: OwnAddress }
);

/** Of a database that a person owns, without its passwords. */
export type OwnAddress = Omit<OwnDatabase, 'database'> & { writer: string; reader: string };

const ownAddressSchema: z.ZodType<OwnAddress> = z.object({
  host: z.string(),
  port: z.int(),
  tls: z.enum(tlsModes),
  ca: z.string().nullable(),
  writer: z.string(),
  reader: z.string(),
});

type SyncPlace = { id: SyncId; destination: SyncDestination };

/** What the control database stores of it. */
export const ownAddressOf = ({ host, port, tls, ca, writer, reader }: OwnDestination): OwnAddress => ({
  host,
  port,
  tls,
  ca,
  writer: writer.user,
  reader: reader.user,
});

/** @param address  as it is stored; null for a private database */
export const toDestination = (database: string, tableSchema: string, address: unknown): SyncDestination =>
  address === null
    ? { kind: 'private', database, tableSchema }
    : { kind: 'own', database, tableSchema, address: ownAddressSchema.parse(address) };

/**
 * With which the sync writes, with its password: never logged.
 *
 * @throws {@link Fault} `KEY-02`, `KEY-03`; `PRX-01`: there is no such sync. The same for those below.
 */
export async function openWriter(control: Control, sync: SyncPlace): Promise<DatabaseAddress> {
  const open = await openSecrets(control, sync.id);
  const password = open('sealed_writer_password');
  return loginTo(control, sync, { user: loginsOf(sync).writer, password });
}

/** With which Lockstep itself reads the mirror, as its other readers do, with the password: never logged. */
export async function openReader(control: Control, sync: SyncPlace): Promise<DatabaseAddress> {
  const open = await openSecrets(control, sync.id);
  const password = open('sealed_reader_password');
  return loginTo(control, sync, { user: loginsOf(sync).reader, password });
}

export const openWriterUrl = async (control: Control, sync: SyncPlace): Promise<string> =>
  (await openWriter(control, sync)).url;
export const openReaderUrl = async (control: Control, sync: SyncPlace): Promise<string> =>
  (await openReader(control, sync)).url;

/** The roles with which the sync writes, and Lockstep reads. */
export const loginsOf = ({ id, destination }: SyncPlace): { writer: string; reader: string } =>
  destination.kind === 'own' ? destination.address : destinationNames(id);

/** The address of the mirror, without a login unless one is given. */
export function mirrorUrl(
  control: Control,
  { destination }: Pick<SyncPlace, 'destination'>,
  login: DatabaseLogin = { user: '', password: '' },
): string {
  const { database } = destination;
  return destination.kind === 'own'
    ? shownUrl({ ...destination.address, database }, login)
    : databaseUrl(control.url, { database, ...login });
}

/** The mirror's server, as messages and log lines name it. */
export const mirrorHost = (control: Control, { destination }: Pick<SyncPlace, 'destination'>): string =>
  destination.kind === 'own' ? hostOf(destination.address) : control.host;

function loginTo(control: Control, { destination }: SyncPlace, login: DatabaseLogin): DatabaseAddress {
  const { database } = destination;
  return destination.kind === 'own'
    ? addressOf({ ...destination.address, database }, login)
    : { url: databaseUrl(control.url, { database, ...login }) };
}

type SecretName = 'sealed_writer_password' | 'sealed_reader_password';

const placeOf = (syncId: SyncId, secret: SecretName) => ({
  table: 'destination',
  column: secret,
  rowId: syncId,
});

export const sealSecret = (dataKey: Key, syncId: SyncId, secret: SecretName, clear: string): string =>
  seal(dataKey, placeOf(syncId, secret), Buffer.from(clear));

async function openSecrets(control: Control, syncId: SyncId): Promise<(secret: SecretName) => string> {
  const [sealed] = await selectSealedSecrets(control.db, syncId);
  if (!sealed) throw new Fault('PRX-01');
  const dataKey = unwrapDataKey(keyOf(control), syncId, sealed.sealed_data_key);
  return (secret) => unseal(dataKey, placeOf(syncId, secret), sealed[secret]).toString();
}
