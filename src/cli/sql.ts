import { type Database, sqlState } from '../lib/database.ts';
import type { Command } from './arguments.ts';
import { CommandError, exitCodes } from './failure.ts';
import { table } from './output.ts';
import { chooseSync, withControl, withMirror } from './running.ts';

export const sqlCommand: Command = {
  name: 'sql',
  summary: 'Runs one query on the mirror, as its reader, who cannot write.',
  words: { shown: '"SELECT …"', min: 1, max: 1 },
  flags: { sync: { value: 'SYNC', says: 'Name or id; may be left out where there is one.' } },
  async run(args, { config, output }) {
    const [query = ''] = args.words;
    await withControl(config, async (control) => {
      const sync = await chooseSync(control, args.text('sync'));
      const rows = await withMirror(control, sync, (mirror) => ask(mirror, query), { valuesAsText: true });
      if (output.wantsJson) output.object({ schema: 1, items: rows });
      else if (rows.length > 0) output.data(asTable(rows));
      output.say(`(${rows.length} ${rows.length === 1 ? 'row' : 'rows'})`);
    });
  },
};

type Row = Record<string, string | null>;

/** What the server says of a query is about the person's own words, so it is passed on as it is. */
async function ask(mirror: Database, query: string): Promise<Row[]> {
  try {
    // A name makes it one statement: the server refuses a second one after a semicolon.
    return await mirror.query<Row>({ name: 'command', text: query, values: [] });
  } catch (error) {
    const code = sqlState(error);
    if (code === undefined || isOfTheServer(code)) throw error;
    throw new CommandError((error as Error).message, { exitCode: exitCodes.databaseRefused, label: code });
  }
}

/** Connection, login, no such database, no resources, shutdown. */
const isOfTheServer = (code: string) => /^(08|28|3D|53|57P|E)/.test(code);

function asTable(rows: readonly Row[]): string {
  const columns = Object.keys(rows[0] ?? {});
  return table(
    columns,
    rows.map((row) => columns.map((column) => row[column] ?? '–')),
    new Set(),
  );
}
