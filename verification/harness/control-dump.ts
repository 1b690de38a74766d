import type { Database } from '@lockstep/foundation/database';
import { ident, sql } from '@lockstep/foundation/sql';

/** Every row of every table of the control database, also those of the job engine, whatever its columns are, as text. */
export async function dumpControl(db: Database): Promise<{ text: string; empty: string[] }> {
  const tables = await db.query<{ schema: string; name: string }>(sql`
    SELECT table_schema AS schema, table_name AS name FROM information_schema.tables
     WHERE table_schema <> 'information_schema' AND table_schema NOT LIKE 'pg\\_%' ORDER BY 1, 2`);
  const rows: string[] = [];
  const empty: string[] = [];
  for (const { schema, name } of tables) {
    const found = await db.query<{ row: string }>(
      sql`SELECT t::text AS row FROM ${ident(schema, name)} AS t`,
    );
    if (found.length === 0) empty.push(name);
    rows.push(...found.map(({ row }) => `${name}: ${row}`));
  }
  return { text: rows.join('\n'), empty };
}

/** The lines that contain the secret as it is, in JSON, or as bytes in one of the usual notations. */
export function linesWith(text: string, secret: string): string[] {
  const bytes = Buffer.from(secret);
  const forms = [
    secret,
    JSON.stringify(secret).slice(1, -1),
    encodeURIComponent(secret),
    bytes.toString('hex'),
    bytes.toString('base64').replace(/=+$/, ''),
    bytes.toString('base64url'),
  ];
  return text.split('\n').filter((line) => forms.some((form) => line.includes(form)));
}
