import { ident, sql } from '@lockstep/foundation/sql';
import type { Answer } from '../http/answer.ts';
import type { Call } from '../http/call.ts';
import { entityDeleted, methodNotAllowed, notFound } from '../http/errors.ts';
import { type FieldDef, fieldNamed, type SObjectDef } from '../schema/schema.ts';
import { isLive, recordsOf } from '../schema/storage.ts';
import { bytesOf, sizeOf } from '../write/blobs.ts';

/** `/sobjects/ContentVersion/{id}/VersionData`: a file's bytes, with the content type from its record. */
export async function blobAnswer(call: Call, def: SObjectDef, id: string, field: FieldDef): Promise<Answer> {
  if (call.method !== 'GET') throw methodNotAllowed(call.method, ['GET', 'HEAD']);
  const typeField = fieldNamed(def, 'ContentType');
  const type = typeField ? ident(typeField.name) : sql`NULL`;
  const [row] = await call.db.query<{ live: boolean; body: string | null; type: string | null }>(sql`
    SELECT ${isLive(def)} AS live, ${ident(field.name)} AS body, ${type} AS type
      FROM ${recordsOf(def)} AS r WHERE "Id" = ${id}`);
  if (!row) throw notFound();
  if (!row.live) throw entityDeleted();
  if (row.body === null) throw notFound();
  return {
    status: 200,
    headers: {
      'Content-Type': isHeaderText(row.type) ? row.type : 'application/octet-stream',
      'Content-Length': String(await sizeOf(call.db, row.body)),
    },
    body: null,
    stream: bytesOf(call.db, row.body),
  };
}

/** The record may contain any text. */
const isHeaderText = (text: string | null): text is string => text !== null && /^[\x20-\x7e]+$/.test(text);
