import type pg from 'pg';
import Cursor from 'pg-cursor';

/** Several columns may have the same name. */
export interface TextTable {
  columns: readonly string[];
  rows: readonly (readonly (string | null)[])[];
  /** There are more rows than the limits let through. */
  isCut: boolean;
}

export interface TextLimits {
  rowsMax: number;
  /** Of all values together; a few rows may exceed it. */
  charactersMax: number;
}

/** The first rows show how wide the others may be. */
const firstRows = 10;
const rowsAtOnceMax = 500;
const textOnly = { getTypeParser: () => (text: string) => text } as pg.CustomTypesConfig;

/**
 * Runs one statement of a person. The server makes no more rows than are read here. Several statements are refused,
 * because this prepares them.
 */
export async function readAsText(
  client: pg.ClientBase,
  text: string,
  { rowsMax, charactersMax }: TextLimits,
): Promise<TextTable> {
  const cursor = client.query(new Cursor<(string | null)[]>(text, [], { rowMode: 'array', types: textOnly }));
  try {
    return await readRows(cursor, rowsMax, charactersMax);
  } finally {
    // Stops the driver's timer for this query, which a cursor itself never does: it would end whatever uses the
    // connection then.
    (cursor as { callback?: () => void }).callback?.();
  }
}

async function readRows(
  cursor: Cursor<(string | null)[]>,
  rowsMax: number,
  charactersMax: number,
): Promise<TextTable> {
  const rows: (string | null)[][] = [];
  let characters = 0;
  for (let wanted = firstRows; ; ) {
    const { columns, batch } = await readBatch(cursor, wanted);
    for (const row of batch) {
      if (rows.length === rowsMax || characters > charactersMax) {
        await cursor.close();
        return { columns, rows, isCut: true };
      }
      rows.push(row);
      characters += row.reduce((sum, value) => sum + (value?.length ?? 0), 0);
    }
    if (batch.length < wanted) return { columns, rows, isCut: false };
    const fitting = Math.floor((charactersMax - characters) / (1 + characters / rows.length));
    wanted = Math.min(rowsAtOnceMax, Math.max(1, fitting));
  }
}

const readBatch = (cursor: Cursor<(string | null)[]>, rows: number) =>
  new Promise<{ columns: string[]; batch: (string | null)[][] }>((resolve, reject) =>
    cursor.read(rows, (error, batch, result) => {
      if (error) reject(error);
      else resolve({ columns: result.fields.map(({ name }) => name), batch });
    }),
  );
