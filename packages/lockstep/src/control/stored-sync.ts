/** A sync as the control database stores it. */
import { z } from 'zod';
import type { Flow } from '../core/credential.ts';
import type { OrgId, SyncId } from '../core/ids.ts';
import { type OwnDatabase, type TunnelServer, tlsModes } from '../core/own-database.ts';
import type { SyncRow } from './sql.ts';
import type { Leaving } from './stream-sql.ts';

/** One org mirrored into one destination, as the control database records it. Contains no secret. */
export type Sync = {
  id: SyncId;
  /** What a person calls it; unique. */
  name: string;
  orgId: OrgId;
  loginUrl: string;
  /** How it signs in. */
  flow: Flow;
  /** The org's own address, where its API is. */
  instanceUrl: string;
  apiVersion: string;
  sobjects: readonly string[];
  /** Objects that were removed, until the worker has let their tables go. */
  leaving: readonly Leaving[];
  intervalMs: number;
  /** In percent of the org's daily API requests, whoever makes them: at this usage the sync stops by itself. */
  stopAtPercent: number;
  paused: boolean;
  /** What happens to a proxied write while the mirror's database is down: it is not sent, or sent and stored later. */
  withoutDatabase: 'refuse' | 'forward';
  /** Whether its tables have foreign keys that are not enforced, for tools that draw relations. */
  foreignKeys: boolean;
  /** Fields that are not mirrored, as patterns such as `Account.Description` and `*.Secret__c`. */
  leftOut: readonly string[];
  /** It is being deleted: no worker runs it, and nothing can be changed about it. */
  isDeleting: boolean;
  /** Its tables are emptied for another org: no worker runs it until that is done, also if it was cut off. */
  isRecopying: boolean;
  /** Raised by each claim; a page is applied only under the newest one. */
  epoch: number;
  destination: SyncDestination;
};

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

export const toSync = (row: SyncRow): Sync => ({
  id: row.sync_id,
  name: row.name,
  orgId: row.org_id,
  loginUrl: row.login_url,
  flow: row.flow,
  instanceUrl: row.instance_url,
  apiVersion: row.api_version,
  sobjects: row.sobjects,
  leaving: row.leaving,
  intervalMs: row.interval_ms,
  stopAtPercent: row.stop_at_percent,
  paused: row.paused,
  withoutDatabase: row.without_database,
  foreignKeys: row.foreign_keys,
  leftOut: row.left_out,
  isDeleting: row.is_deleting,
  isRecopying: row.is_recopying,
  epoch: row.epoch,
  destination: toDestination(
    { database: row.database_name, tableSchema: row.table_schema, revision: row.revision },
    row.address,
  ),
});

/** @param address  as it is stored; null for a private database */
const toDestination = (
  place: Pick<SyncDestination, 'database' | 'tableSchema' | 'revision'>,
  address: unknown,
): SyncDestination =>
  address === null
    ? { kind: 'private', ...place }
    : { kind: 'own', ...place, address: ownAddressSchema.parse(address) };
