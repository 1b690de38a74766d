/** Where the mirror of a sync is, and how the sync and Lockstep itself connect to it. */
import { type DatabaseAddress, databaseUrl } from '@lockstep/foundation/database';
import { Fault } from '../core/faults.ts';
import type { SyncId } from '../core/ids.ts';
import {
  type DatabaseLogin,
  hostOf,
  type OwnDestination,
  type Tunnel,
  type TunnelServer,
} from '../core/own-database.ts';
import { addressOf, destinationNames, shownUrl } from '../postgres/index.ts';
import { recordDecision } from './activity.ts';
import { type IsExpected, lockForChange } from './change-lock.ts';
import { type Control, keyOf } from './database.ts';
import { selectSealedSecrets, updateDestination } from './destination-sql.ts';
import { unwrapDataKey } from './keys.ts';
import { type Key, seal, unseal } from './sealing.ts';
import { notify, syncChannel } from './sql.ts';
import type { OwnAddress, SyncDestination } from './stored-sync.ts';

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
 * @throws {@link Fault} `SYS-18`: it is being deleted; `API-04`: it is not as expected
 */
export async function replaceDestination(
  control: Control,
  { id }: Pick<SyncPlace, 'id'>,
  own: OwnDestination,
  isExpected?: IsExpected,
): Promise<boolean> {
  const isReplaced = await control.db.transaction(async (tx) => {
    await lockForChange(tx, id, isExpected);
    const [sealed] = await selectSealedSecrets(tx, id);
    if (!sealed) return false;
    const dataKey = unwrapDataKey(keyOf(control), id, sealed.sealed_data_key);
    const { database, writer, reader } = own;
    const secrets = { writerPassword: writer.password, readerPassword: reader.password };
    await updateDestination(tx, id, { database, ...sealedDestination(dataKey, id, { own, ...secrets }) });
    await notify(tx, syncChannel, id);
    return true;
  });
  if (isReplaced) recordDecision(control, id, { kind: 'destination', event: 'replaced' });
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
