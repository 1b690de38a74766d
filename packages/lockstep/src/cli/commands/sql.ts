import { type Database, sqlState, type TextTable } from '@lockstep/foundation/database';
import { RequestError, usageError } from '../../core/request-error.ts';
import { withMirror } from '../../operations/open-mirror.ts';
import { type Command, syncFlag } from '../arguments.ts';
import { chooseSync, withControl } from '../running.ts';
import { printable, table } from '../terminal/output.ts';

const help = 'lockstep help sql';

export const sqlCommand: Command = {
  positionals: { shown: '"SELECT …"', min: 1, max: 100 },
  flags: { sync: syncFlag },
  async run(args, { config, output }) {
    const query = queryOf(args.words);
    await withControl(config, async (control) => {
      const sync = await chooseSync(control, args.text('sync'));
      const { columns, rows } = await withMirror(control, sync, (mirror) => ask(mirror, query));
      if (output.wantsJson) output.object({ schema: 1, items: objectsOf(columns, rows) });
      else if (columns.length > 0) output.data(asTable(columns, rows));
      output.say(`(${rows.length} ${rows.length === 1 ? 'row' : 'rows'})`);
    });
  },
};

/** @throws a usage error if the shell split the query into words, or if a sync is named without its flag */
function queryOf([query = '', second, third]: readonly string[]): string {
  if (query.trim() === '') throw usageError('sql needs "SELECT …"', help);
  if (second === undefined) return query;
  const isName = third === undefined && !query.includes(' ');
  const instead = isName ? `to name the sync: --sync ${query}` : 'put the whole query in quotes';
  throw usageError(
    `sql does not take ${JSON.stringify(second.slice(0, 80))} as a second argument; ${instead}`,
    help,
  );
}

/** An error message about a query concerns the user's own text, so it is passed on unchanged. */
async function ask(mirror: Database, query: string): Promise<TextTable> {
  try {
    return await mirror.queryAsText(query);
  } catch (error) {
    const code = sqlState(error);
    if (code === undefined || isServerError(code)) throw error;
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

type Rows = TextTable['rows'];

const asTable = (columns: readonly string[], rows: Rows): string =>
  table(
    columns,
    rows.map((row) => row.map((value) => value ?? '–')),
    new Set(),
  );

/** A second column `name` becomes `name_2`, because a JSON object has each key once. */
function objectsOf(columns: readonly string[], rows: Rows): Record<string, string | null>[] {
  const keys: string[] = [];
  for (const column of columns) {
    let key = column;
    for (let count = 2; keys.includes(key); count++) key = `${column}_${count}`;
    keys.push(key);
  }
  return rows.map((row) => Object.fromEntries(keys.map((key, place) => [key, row[place] ?? null])));
}
