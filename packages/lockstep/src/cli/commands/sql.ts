import { queryResultSchema, rowsMax } from '../../contract/mirrors.ts';
import { formatCount } from '../../core/plain-words.ts';
import { usageError } from '../../core/request-error.ts';
import { type Command, syncFlag } from '../arguments.ts';
import { chooseSync, pathOf } from '../choose-sync.ts';
import { findApi } from '../find-server.ts';
import { table } from '../terminal/output.ts';

const help = 'lockstep help sql';

export const sqlCommand: Command = {
  positionals: { shown: '"SELECT …"', min: 1, max: 100 },
  flags: { sync: syncFlag },
  async run(args, context) {
    const { output } = context;
    const query = queryOf(args.words);
    const api = await findApi(context);
    const sync = await chooseSync(api, args.text('sync'));
    const { columns, rows, is_cut } = await api.post(
      `${pathOf(sync.id)}/query`,
      { query },
      queryResultSchema,
    );
    if (output.wantsJson) output.object({ schema: 1, items: objectsOf(columns, rows), is_cut });
    else if (columns.length > 0) output.data(asTable(columns, rows));
    output.say(`(${rows.length} ${rows.length === 1 ? 'row' : 'rows'})`);
    if (is_cut)
      output.say(
        `There are more: this shows up to ${formatCount(rowsMax)} rows, or 20 MB. For all, use psql with the address of the mirror: lockstep sync show`,
      );
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

type Rows = readonly (readonly (string | null)[])[];

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
