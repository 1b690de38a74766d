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
  type Tunnel,
  type TunnelServer,
  tlsModes,
} from '../core/own-database.ts';
import { addressOf, destinationNames, shownUrl } from '../postgres/index.ts';
import { recordActivity } from './activity.ts';
import { lockForChange } from './change-lock.ts';
import { type Control, keyOf } from './database.ts';
import { selectSealedSecrets, updateDestination } from './destination-sql.ts';
import { unwrapDataKey } from './keys.ts';
import { type Key, seal, unseal } from './sealing.ts';
import { notify, syncChannel } from './sql.ts';

/** A database of the sync's own on the control database's server, or one that a person owns. */
export type SyncDestination = {
  database: string;
  tableSchema: string;
  /** Raised when its address or its secrets are replaced. */
  revision: number;
} & ({ kind: 'private' } | { kind: 'own'; address: OwnAddress });

/** Of a database that a person owns, without its passwords and the tunnel's key. */
export type OwnAddress = Omit<OwnDatabase, 'database' | 'tunnel'> & {
  tunnel: TunnelServer | null;
  writer: string;
  reader: string;
};

const server = { host: z.string(), port: z.int() };

const ownAddressSchema: z.ZodType<OwnAddress> = z.object({
  ...server,
  tls: z.enum(tlsModes),
  ca: z.string().nullable(),
  tunnel: z
    .object({ ...server, user: z.string(), hostKey: z.string().nullable() })
    .nullable()
    .default(null),
  writer: z.string(),
  reader: z.string(),
});

type SyncPlace = { id: SyncId; destination: SyncDestination };

export interface DestinationSecrets {
  writerPassword: string;
  readerPassword: string;
}

/** What the control database stores of it. */
const ownAddressOf = ({ host, port, tls, ca, tunnel, writer, reader }: OwnDestination): OwnAddress => ({
  host,
  port,
  tls,
  ca,
  tunnel: tunnel && serverOf(tunnel),
  writer: writer.user,
  reader: reader.user,
});

const serverOf = ({ host, port, user, hostKey }: Tunnel): TunnelServer => ({ host, port, user, hostKey });

/** @param address  as it is stored; null for a private database */
export const toDestination = (
  place: Pick<SyncDestination, 'database' | 'tableSchema' | 'revision'>,
  address: unknown,
): SyncDestination =>
  address === null
    ? { kind: 'private', ...place }
    : { kind: 'own', ...place, address: ownAddressSchema.parse(address) };

/**
 * With which the sync writes, with its password: never logged.
 *
 * @throws {@link Fault} `KEY-02`, `KEY-03`; `PRX-01`: there is no such sync. The same for those below.
 */
export async function openWriter(control: Control, sync: SyncPlace): Promise<DatabaseAddress> {
  const open = await openSecrets(control, sync.id);
  return loginTo(control, sync, open, {
    user: loginsOf(sync).writer,
    password: open('sealed_writer_password'),
  });
}

/** With which Lockstep itself reads the mirror, as its other readers do, with the password: never logged. */
export async function openReader(control: Control, sync: SyncPlace): Promise<DatabaseAddress> {
  const open = await openSecrets(control, sync.id);
  return loginTo(control, sync, open, {
    user: loginsOf(sync).reader,
    password: open('sealed_reader_password'),
  });
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

function loginTo(
  control: Control,
  { destination }: SyncPlace,
  open: OpenSecret,
  login: DatabaseLogin,
): DatabaseAddress {
  const { database } = destination;
  if (destination.kind === 'private') return { url: databaseUrl(control.url, { database, ...login }) };
  const { tunnel, ...address } = destination.address;
  const through = tunnel && { ...tunnel, key: open('sealed_tunnel_key') };
  return addressOf({ ...address, database, tunnel: through }, login);
}

/**
 * The mirror of a sync in a database that a person owns is there from now on; whoever has it open opens it again.
 *
 * @returns false: there is no such sync
 * @throws {@link Fault} `SYS-18`: it is being deleted
 */
export async function replaceDestination(
  control: Control,
  { id }: Pick<SyncPlace, 'id'>,
  own: OwnDestination,
): Promise<boolean> {
  const isReplaced = await control.db.transaction(async (tx) => {
    await lockForChange(tx, id);
    const [sealed] = await selectSealedSecrets(tx, id);
    if (!sealed) return false;
    const dataKey = unwrapDataKey(keyOf(control), id, sealed.sealed_data_key);
    const { database, writer, reader } = own;
    const secrets = { writerPassword: writer.password, readerPassword: reader.password };
    await updateDestination(tx, id, { database, ...sealedDestination(dataKey, id, { own, ...secrets }) });
    await notify(tx, syncChannel, id);
    return true;
  });
  if (isReplaced) recordActivity(control, id, { kind: 'destination', event: 'replaced' });
  return isReplaced;
}

type SecretName = 'sealed_writer_password' | 'sealed_reader_password' | 'sealed_tunnel_key';

const placeOf = (syncId: SyncId, secret: SecretName) => ({
  table: 'destination',
  column: secret,
  rowId: syncId,
});

const sealSecret = (dataKey: Key, syncId: SyncId, secret: SecretName, clear: string): string =>
  seal(dataKey, placeOf(syncId, secret), Buffer.from(clear));

/** @param own  a database that a person owns; null for a private one */
export const sealedDestination = (
  dataKey: Key,
  syncId: SyncId,
  { own, writerPassword, readerPassword }: DestinationSecrets & { own: OwnDestination | null },
) => ({
  address: own && ownAddressOf(own),
  sealedWriterPassword: sealSecret(dataKey, syncId, 'sealed_writer_password', writerPassword),
  sealedReaderPassword: sealSecret(dataKey, syncId, 'sealed_reader_password', readerPassword),
  sealedTunnelKey: own?.tunnel ? sealSecret(dataKey, syncId, 'sealed_tunnel_key', own.tunnel.key) : null,
});

type OpenSecret = (secret: SecretName) => string;

async function openSecrets(control: Control, syncId: SyncId): Promise<OpenSecret> {
  const [sealed] = await selectSealedSecrets(control.db, syncId);
  if (!sealed) throw new Fault('PRX-01');
  const dataKey = unwrapDataKey(keyOf(control), syncId, sealed.sealed_data_key);
  return (secret) => unseal(dataKey, placeOf(syncId, secret), sealed[secret] ?? '').toString();
}
