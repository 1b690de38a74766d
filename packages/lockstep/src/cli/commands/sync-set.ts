/** `sync set`: what the proxy does while the mirror's database is down, foreign keys, and the version of the API. */
import { type SyncView, syncSchema } from '../../contract/syncs.ts';
import { usageError } from '../../core/request-error.ts';
import { type Command, syncFlag } from '../arguments.ts';
import { chooseSync, pathOf } from '../choose-sync.ts';
import { findApi } from '../find-server.ts';
import { patternsOf } from '../terminal/patterns.ts';

type OnDatabaseDown = SyncView['on_database_down'];

export const syncSet: Command = {
  flags: {
    sync: syncFlag,
    'on-database-down': {
      value: 'refuse|forward',
      description:
        'refuse, the default: answer the write with 503 (PRX-12) and do not send it, so that no answer is ahead of the mirror. forward: send it and answer it as pending; the mirror shows it only after the database is back.',
    },
    'foreign-keys': {
      value: 'on|off',
      description:
        'on: give the tables foreign keys that refuse no row (NOT ENFORCED, PostgreSQL 18), so that tools draw relations. off, the default: remove them.',
    },
    'leave-out': {
      value: 'PATTERNS|none',
      description:
        'Fields that are not mirrored, instead of those before: Account.Description,*.Secret__c. Columns that are there keep their last values. none: all fields are mirrored; those taken in again are filled by reading all records.',
    },
    'api-version': {
      value: '63.0|newest',
      description:
        "The version of Salesforce's API that the sync speaks. newest: the newest that the org and this Lockstep know.",
    },
    'dry-run': { description: 'Only test whether all of it can be changed.' },
  },
  async run(args, context) {
    const { output } = context;
    const choice = args.text('on-database-down');
    if (choice !== undefined && !isChoice(choice))
      throw usageError('--on-database-down takes refuse or forward', 'lockstep help sync set');
    const foreignKeys = args.text('foreign-keys');
    if (foreignKeys !== undefined && foreignKeys !== 'on' && foreignKeys !== 'off')
      throw usageError('--foreign-keys takes on or off', 'lockstep help sync set');
    const leaveOut = args.text('leave-out');
    const version = args.text('api-version');
    const api = await findApi(context);
    const sync = await chooseSync(api, args.text('sync'));
    const path = pathOf(sync.id);
    const isDryRun = args.isSet('dry-run');
    const change = {
      on_database_down: choice,
      foreign_keys: foreignKeys && foreignKeys === 'on',
      fields_left_out: leaveOut === undefined ? undefined : patternsOf(leaveOut),
    };
    // With a version there are two requests: all is tested first, so that a refusal of one changes nothing.
    if (isDryRun || version !== undefined) await api.patch(`${path}?dry_run=true`, change, syncSchema);
    const versionPath = `${path}/api-version${isDryRun ? '?dry_run=true' : ''}`;
    if (version !== undefined) await api.put(versionPath, { api_version: version }, syncSchema);
    if (isDryRun) {
      if (output.wantsJson) output.object({ schema: 1, name: sync.name, changed: false });
      else output.say('It can be changed. Nothing was changed.');
      return;
    }
    const { name, on_database_down, foreign_keys, api_version, fields_left_out } = await api.patch(
      path,
      change,
      syncSchema,
    );
    const keys = foreign_keys ? 'on' : 'off';
    if (output.wantsJson) {
      output.object({ schema: 1, name, on_database_down, foreign_keys: keys, api_version, fields_left_out });
    } else {
      output.data(`${name}: ${consequences[on_database_down]}`);
      output.data(`${name}: its tables have ${foreign_keys ? '' : 'no '}foreign keys (${keys}).`);
      output.data(`${name}: it speaks API version ${api_version}.`);
      output.data(
        `${name}: ${fields_left_out.length === 0 ? 'no field is left out' : `fields left out: ${fields_left_out.join(', ')}`}.`,
      );
    }
  },
};

const isChoice = (text: string): text is OnDatabaseDown => Object.hasOwn(consequences, text);

const consequences: Record<OnDatabaseDown, string> = {
  refuse:
    "while the mirror's database does not answer, writes to mirrored objects are refused with 503 and not sent (refuse).",
  forward:
    "while the mirror's database does not answer, writes are sent and answered as pending; the mirror shows them when it is back (forward).",
};
