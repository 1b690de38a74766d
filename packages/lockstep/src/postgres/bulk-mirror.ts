import type { Database } from '@lockstep/foundation/database';
import type { CsvSlice } from '../core/csv-slice.ts';
import {
  type BulkEnd,
  type BulkReading,
  beginBulk,
  endBulk,
  endSweep,
  moveBulk,
  type PageChange,
} from './bulk.ts';
import type { BulkPageRow } from './bulk-sql.ts';
import type { Holder, Observation } from './observations.ts';
import type { StreamTable } from './page-part.ts';
import { selectServerVersion } from './server-sql.ts';
import { SliceRounds } from './slice-rounds.ts';
import { type BulkPart, endPage, type StoredSlice, storeSlice } from './store-slice.ts';

/** What a backfill by Bulk API 2.0 asks of its destination. */
export interface BulkMirror {
  /** See {@link beginBulk}. */
  beginBulk(
    holder: Holder,
    table: StreamTable,
    version: number,
    position: (reading: BulkReading) => object,
  ): Promise<void>;
  /** See {@link moveBulk}. */
  moveBulk(
    holder: Holder,
    table: StreamTable,
    observation: Observation,
    version: number,
    to: { position: (hi: number) => object; pages?: PageChange | undefined },
  ): Promise<void>;
  /** See {@link endBulk}. */
  endBulk(
    holder: Holder,
    table: StreamTable,
    observation: Observation | null,
    version: number,
    end: BulkEnd,
  ): Promise<void>;
  /** See {@link storeSlice}. */
  storeSlice(table: StreamTable, slice: CsvSlice, part: BulkPart): Promise<StoredSlice>;
  /** See {@link endSweep}. */
  endBulkSweep(table: StreamTable, swept: Parameters<typeof endSweep>[2]): Promise<void>;
  /** See {@link endPage}. */
  endBulkPage(page: BulkPageRow, next: string | null): Promise<void>;
}

/** Slices that are copied into a table side by side: one session alone leaves the server's other core idle. */
const copiesAtOnce = 2;

export function bulkMirrorIn(db: Database, wholeTables: Database): BulkMirror {
  const roundsOfStream = new Map<number, SliceRounds>();
  const roundsOf = ({ stream: { streamNo } }: StreamTable): SliceRounds => {
    const rounds = roundsOfStream.get(streamNo) ?? new SliceRounds(copiesAtOnce);
    roundsOfStream.set(streamNo, rounds);
    return rounds;
  };
  let serverVersion: Promise<number> | undefined;
  const readServerVersion = async () => (await selectServerVersion(db))[0]?.version ?? 0;
  return {
    beginBulk: (holder, { stream }, version, position) => beginBulk(db, holder, stream, version, position),
    moveBulk: (holder, { stream }, observation, version, to) =>
      moveBulk(db, holder, stream, observation, version, to),
    endBulk: (holder, { stream }, observation, version, end) =>
      endBulk(db, holder, stream, observation, version, end),
    storeSlice: async (table, slice, part) => {
      serverVersion ??= readServerVersion();
      const destination = { db, serverVersion: await serverVersion, rounds: roundsOf(table) };
      return storeSlice(destination, table, slice, part);
    },
    endBulkSweep: ({ stream }, swept) => endSweep(wholeTables, stream, swept),
    endBulkPage: (page, next) => endPage(db, page, next),
  };
}
