/** `db sql` and `db test`: a database of a person's own, before a sync is created in it; `db set`: after.
 * `db drop-former`: the private one that a sync has left. */
import { writeFile } from 'node:fs/promises';
import {
  databaseSqlSchema,
  destinationChecksSchema,
  formerDatabaseSchema,
} from '../../contract/destinations.ts';
import { syncSchema } from '../../contract/syncs.ts';
import { usageError } from '../../core/request-error.ts';
import { type Command, syncFlag } from '../arguments.ts';
import { chooseSync, pathOf } from '../choose-sync.ts';
import { findApi } from '../find-server.ts';
import { confirmByName } from '../terminal/confirm.ts';
import { exitCodes } from '../terminal/exit-codes.ts';
import { addressFlags, destinationFlags, destinationFrom, destinationMembers } from './destination-flags.ts';

export const dbSql: Command = {
  flags: {
    database: { value: 'NAME', description: 'The database.' },
    schema: { value: 'NAME', description: 'Schema of the tables in it (default salesforce).' },
    host: { value: 'HOST', description: 'Its server, for the addresses (default localhost).' },
    port: { value: 'PORT', description: 'Port of the server (default 5432).' },
    roles: {
      value: 'PREFIX',
      description: 'What the names of the roles begin with (default: lockstep_ and the database).',
    },
    'url-file': {
      value: 'FILE',
      description:
        'A new file for the two addresses with their passwords; without it they are printed to standard error.',
    },
    undo: { description: 'The statements that remove all of it, and the mirror.' },
  },
  async run(args, context) {
    const { output } = context;
    const help = 'lockstep help db sql';
    const [database, host, roles] = ['database', 'host', 'roles'].map((flag) => args.text(flag));
    if (database === undefined) throw usageError('db sql needs --database', help);
    const port = args.number('port', { min: 1, max: 65_535, otherwise: 5_432 });
    const schema = args.text('schema') ?? 'salesforce';
    const names = { database, schema, port, ...(host && { host }), ...(roles && { roles }) };
    const made = await (await findApi(context)).post('/destinations/sql', names, databaseSqlSchema);
    if (args.isSet('undo')) return output.data(made.undo.trimEnd());
    const addresses = `${made.url}\n${made.reader_url}\n`;
    const file = args.text('url-file');
    if (file !== undefined) await writeNew(file, addresses, help);
    if (output.wantsJson) return output.object({ schema: 1, ...made });
    output.data(made.sql.trimEnd());
    if (file !== undefined)
      return output.say(`${file} holds the two addresses for: lockstep db test --url-file`);
    output.say(
      'The two addresses, with passwords that are not shown again, for a file that only you can read:',
    );
    output.say(addresses.trimEnd());
  },
};

/** Readable by its user alone. @throws a usage error if there is such a file */
async function writeNew(file: string, text: string, help: string): Promise<void> {
  await writeFile(file, text, { mode: 0o600, flag: 'wx' }).catch((error: { code?: unknown }) => {
    throw usageError(`The file ${file} cannot be made (${String(error.code)})`, help);
  });
}

const marks = { passed: 'ok', failed: 'FAIL', skipped: 'skipped' };

export const dbTest: Command = {
  flags: destinationFlags('url-file'),
  async run(args, context) {
    const { output } = context;
    const help = 'lockstep help db test';
    if (!args.isSet('url-file')) throw usageError('db test needs --url-file', help);
    const given = await destinationFrom(destinationMembers(args, 'url-file') ?? {}, help);
    const api = await findApi(context);
    const { passed, checks } = await api.post('/destinations/check', given, destinationChecksSchema);
    if (output.wantsJson) output.object({ schema: 1, passed, checks });
    else
      for (const { name, state, code, says, next, sql, ms } of checks) {
        const label = code === null ? '' : `${code} `;
        output.data(`${marks[state].padEnd(8)}${name.padEnd(14)}${label}${says} (${ms} ms)`);
        if (state === 'failed') output.data(`${' '.repeat(22)}next: ${sql ?? next}`);
      }
    return passed ? 0 : exitCodes['not healthy'];
  },
};

export const dbSet: Command = {
  flags: {
    sync: syncFlag,
    ...addressFlags('url-file'),
    'dry-run': { description: 'Only test the database.' },
  },
  async run(args, context) {
    const { output } = context;
    const help = 'lockstep help db set';
    if (!args.isSet('url-file')) throw usageError('db set needs --url-file', help);
    const given = await destinationFrom(destinationMembers(args, 'url-file') ?? {}, help);
    const api = await findApi(context);
    const { id, mirror: former } = await chooseSync(api, args.text('sync'));
    const isDryRun = args.isSet('dry-run');
    const path = `${pathOf(id)}/destination${isDryRun ? '?dry_run=true' : ''}`;
    const { name, mirror } = await api.put(path, given, syncSchema);
    if (output.wantsJson) output.object({ schema: 1, name, mirror, replaced: !isDryRun });
    else if (isDryRun) output.say('The mirror is there, and everything is in order. Nothing was changed.');
    else output.say(`${name} goes on there: ${mirror.url}`);
    if (!isDryRun && former.kind === 'private')
      output.say('Its private database is as it was. When nobody needs it: lockstep db drop-former');
  },
};

export const dbDropFormer: Command = {
  flags: {
    sync: syncFlag,
    yes: { description: 'Do not ask for the name.' },
    'dry-run': { description: 'Only say which database it is.' },
  },
  async run(args, context) {
    const { output, stop } = context;
    const api = await findApi(context);
    const { id, name } = await chooseSync(api, args.text('sync'));
    const path = `${pathOf(id)}/former-database`;
    const { database } = await api.delete(`${path}?dry_run=true`, formerDatabaseSchema);
    const isDryRun = args.isSet('dry-run');
    if (!output.wantsJson)
      output.say(`This erases the database ${database}, with all that is in it, and its logins.`);
    if (!isDryRun) {
      if (!args.isSet('yes')) await confirmByName(name, 'db drop-former', stop);
      await api.delete(path, formerDatabaseSchema);
    }
    if (output.wantsJson) output.object({ schema: 1, name, database, dropped: !isDryRun });
    else output.say(isDryRun ? 'Nothing was erased.' : `${database} is dropped.`);
  },
};
