/** Runs a query of a person on a mirror, as a reader. */
import { sqlState, type TextTable } from '@lockstep/foundation/database';
import { type Control, mirrorHost, type Sync } from '../control/index.ts';
import { printable } from '../core/plain-words.ts';
import { RequestError } from '../core/request-error.ts';
import { databaseFault } from '../postgres/index.ts';
import { withMirror } from './open-mirror.ts';

/** What one answer may hold; longer results are cut. */
const charactersMax = 20_000_000;

/**
 * @throws {@link RequestError} with the server's own words and the place in the query, which are the asker's own text;
 *         {@link Fault} `DB-nn` if the server cannot be used
 */
export async function queryMirror(
  control: Control,
  sync: Sync,
  query: string,
  rowsMax: number,
): Promise<TextTable> {
  try {
    return await withMirror(control, sync, (mirror) => mirror.queryAsText(query, { rowsMax, charactersMax }));
  } catch (error) {
    const code = sqlState(error);
    if (code === undefined || isServerError(code))
      throw databaseFault(error, mirrorHost(control, sync)) ?? error;
    const { message, position, hint } = error as { message: string; position?: string; hint?: string };
    const isSeveral = /multiple commands/.test(message);
    throw new RequestError(isSeveral ? 'sql runs one query at a time; this is more than one' : message, {
      kind: 'database refused',
      next: isSeveral ? 'For several, use psql with the address of the mirror: lockstep sync show' : '',
      label: code,
      details: [...placeIn(query, Number(position)), ...(hint === undefined ? [] : [`hint: ${hint}`])],
    });
  }
}

/** The line of the query with a caret under the error's position, which the server counts in characters from 1. */
function placeIn(query: string, position: number): string[] {
  if (!(position >= 1)) return [];
  const before = Array.from(query)
    .slice(0, position - 1)
    .join('')
    .split('\n');
  const column = before.at(-1)?.length ?? 0;
  const line = query.split('\n')[before.length - 1] ?? '';
  const from = Math.max(0, column - 50);
  const shown = `line ${before.length}: `;
  return [
    `${shown}${printable(line.slice(from, from + 70))}`,
    `${' '.repeat(shown.length + printable(line.slice(from, column)).length)}^`,
  ];
}

/** Connection, login, no such database, no resources, shutdown: not about the query. */
const isServerError = (code: string) => /^(08|28|3D|53|57P|E)/.test(code);
