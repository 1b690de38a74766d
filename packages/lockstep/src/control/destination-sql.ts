/** Statements on the places of mirrors. */
import type { Tx } from '@lockstep/foundation/database';
import { sql } from '@lockstep/foundation/sql';
import type { SyncId } from '../core/ids.ts';

interface DestinationRow {
  database: string;
  /** Null for a private database. */
  address: object | null;
  sealedWriterPassword: string;
  sealedReaderPassword: string;
  sealedTunnelKey: string | null;
}

export const insertDestination = (
  tx: Tx,
  destination: DestinationRow & { syncId: SyncId; tableSchema: string },
) =>
  tx.query(sql`
  INSERT INTO lockstep.destination
         (sync_id, kind, database_name, table_schema, address, sealed_writer_password, sealed_reader_password,
          sealed_tunnel_key)
  VALUES (${destination.syncId}, ${destination.address ? 'own' : 'private'}, ${destination.database},
          ${destination.tableSchema}, ${destination.address && JSON.stringify(destination.address)}::jsonb,
          ${destination.sealedWriterPassword}, ${destination.sealedReaderPassword},
          ${destination.sealedTunnelKey})`);

/** It is in a database that a person owns from then on. */
export const updateDestination = (tx: Tx, syncId: SyncId, destination: DestinationRow) =>
  tx.query(sql`
  UPDATE lockstep.destination
     SET kind = 'own', database_name = ${destination.database}, address = ${JSON.stringify(destination.address)}::jsonb,
         sealed_writer_password = ${destination.sealedWriterPassword},
         sealed_reader_password = ${destination.sealedReaderPassword},
         sealed_tunnel_key = ${destination.sealedTunnelKey}, revision = revision + 1
   WHERE sync_id = ${syncId}`);

export type SealedSecrets = {
  sealed_data_key: string;
  sealed_writer_password: string;
  sealed_reader_password: string;
  /** Null unless its database is behind an SSH server. */
  sealed_tunnel_key: string | null;
};

/** No row: there is no such sync. */
export const selectSealedSecrets = (tx: Tx, syncId: SyncId) =>
  tx.query<SealedSecrets>(sql`
  SELECT s.sealed_data_key, d.sealed_writer_password, d.sealed_reader_password, d.sealed_tunnel_key
    FROM lockstep.sync s
    JOIN lockstep.destination d ON d.sync_id = s.sync_id
   WHERE s.sync_id = ${syncId}`);
