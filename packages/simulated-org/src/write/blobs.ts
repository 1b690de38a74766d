import { createHash } from 'node:crypto';
import type { Tx } from '@lockstep/foundation/database';
import { ident, join, sql } from '@lockstep/foundation/sql';
import { hasColumn, type SObjectDef, type SObjects } from '../schema/schema.ts';
import { tableOf } from '../schema/storage.ts';

/**
 * The bytes of files. Base64 from JSON is stored as it is in the field's column. Bytes from a form, up to two
 * gigabytes, are stored separately in parts of one megabyte, so that neither writing nor reading needs more memory
 * than that; the column then says `blob:17`, which is not base64.
 */
const partBytes = 1024 * 1024;
const mark = 'blob:';

/** Stored, but not yet named by a record. */
export class StoredBlob {
  readonly id: number;

  constructor(id: number) {
    this.id = id;
  }

  /** The value of the column. */
  get reference(): string {
    return `${mark}${this.id}`;
  }
}

const blobIdOf = (reference: string): number | undefined =>
  reference.startsWith(mark) ? Number(reference.slice(mark.length)) : undefined;

export async function createBlobTables(tx: Tx): Promise<void> {
  await tx.query(sql`
    CREATE TABLE IF NOT EXISTS simulator.blob (
      id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      bytes   bigint,
      md5     text,
      is_used boolean NOT NULL DEFAULT false)`);
  await tx.query(sql`
    CREATE TABLE IF NOT EXISTS simulator.blob_part (
      blob_id bigint  NOT NULL REFERENCES simulator.blob ON DELETE CASCADE,
      number  integer NOT NULL,
      bytes   bytea   NOT NULL,
      PRIMARY KEY (blob_id, number))`);
  await tx.query(sql`ALTER TABLE simulator.blob_part ALTER COLUMN bytes SET STORAGE EXTERNAL`);
}

/** Creates a blob; `fillBlob` adds its bytes. */
export async function newBlob(db: Tx): Promise<StoredBlob> {
  const [row] = await db.query<{ id: number }>(sql`INSERT INTO simulator.blob DEFAULT VALUES RETURNING id`);
  return new StoredBlob(row?.id ?? 0);
}

/** Each part is a separate statement: an upload takes as long as its client does, and must hold no lock. */
export async function fillBlob(db: Tx, { id }: StoredBlob, chunks: AsyncIterable<Buffer>): Promise<void> {
  const md5 = createHash('md5');
  let bytes = 0;
  let number = 0;
  let held: Buffer[] = [];
  let heldBytes = 0;
  const flush = async () => {
    const part = Buffer.concat(held);
    held = [];
    heldBytes = 0;
    await db.query(
      sql`INSERT INTO simulator.blob_part (blob_id, number, bytes) VALUES (${id}, ${number}, ${part})`,
    );
    number += 1;
  };
  for await (const chunk of chunks) {
    md5.update(chunk);
    bytes += chunk.length;
    held.push(chunk);
    heldBytes += chunk.length;
    if (heldBytes >= partBytes) await flush();
  }
  if (heldBytes > 0) await flush();
  await db.query(
    sql`UPDATE simulator.blob SET bytes = ${bytes}, md5 = ${md5.digest('hex')} WHERE id = ${id}`,
  );
}

/** The size and checksum of a record's new body. Must run in the transaction that writes the record. */
export async function useBody(tx: Tx, body: string): Promise<{ bytes: number; md5: string }> {
  const id = blobIdOf(body);
  if (id === undefined) {
    const content = Buffer.from(body, 'base64');
    return { bytes: content.length, md5: createHash('md5').update(content).digest('hex') };
  }
  const [row] = await tx.query<{ bytes: number; md5: string }>(
    sql`UPDATE simulator.blob SET is_used = true WHERE id = ${id} RETURNING bytes, md5`,
  );
  return row ?? { bytes: 0, md5: '' };
}

/** The number of bytes in a body. */
export async function sizeOf(db: Tx, body: string): Promise<number> {
  const id = blobIdOf(body);
  if (id === undefined) return Buffer.from(body, 'base64').length;
  const [row] = await db.query<{ bytes: number }>(sql`SELECT bytes FROM simulator.blob WHERE id = ${id}`);
  return row?.bytes ?? 0;
}

/** The bytes of a body. A blob stays until the org stops, even if its record is deleted meanwhile. */
export async function* bytesOf(db: Tx, body: string): AsyncIterable<Uint8Array> {
  const id = blobIdOf(body);
  if (id === undefined) {
    yield Buffer.from(body, 'base64');
    return;
  }
  for (let number = 0; ; number++) {
    const [part] = await db.query<{ data: string }>(sql`
      SELECT encode(bytes, 'base64') AS data FROM simulator.blob_part
       WHERE blob_id = ${id} AND number = ${number}`);
    if (!part) return;
    yield Buffer.from(part.data, 'base64');
  }
}

/** Removes those that no record uses. */
export const discardUnused = (db: Tx, blobs: readonly StoredBlob[]): Promise<unknown> =>
  db.query(sql`
    DELETE FROM simulator.blob WHERE id = ANY(${blobs.map(({ id }) => id)}::bigint[]) AND NOT is_used`);

/**
 * Runs at the start: removes bytes left by interrupted uploads, replaced by others, or of records that were deleted
 * for good.
 */
export async function sweepBlobs(db: Tx, sobjects: SObjects): Promise<void> {
  const [any] = await db.query(sql`SELECT FROM simulator.blob LIMIT 1`);
  if (!any) return;
  const named = [...sobjects.values()].flatMap(bodyColumnsOf);
  await db.query(
    sql`DELETE FROM simulator.blob WHERE concat(${mark}::text, id) NOT IN (${join(named, ' UNION ALL ')})`,
  );
}

const bodyColumnsOf = (def: SObjectDef) =>
  def.fields
    .filter((field) => field.type === 'base64' && hasColumn(field))
    .map(({ name }) => ident(name))
    .map(
      (column) =>
        sql`SELECT ${column} FROM ${tableOf(def)} WHERE substr(${column}, 1, ${mark.length}) = ${mark}`,
    );
