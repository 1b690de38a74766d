/** All commands, in the order in which help shows them. The code of one is loaded when it is used. */

import { nearNames } from '@lockstep/foundation/near-names';
import { usageError } from '../core/request-error.ts';
import type { CommandEntry } from './arguments.ts';
export const commands: readonly CommandEntry[] = [
  {
    name: 'demo',
    summary: 'Runs everything against a simulated org: database server, org, a sync and the proxy.',
    load: async () => (await import('./commands/demo.ts')).demo,
  },
  {
    name: 'start',
    summary: 'Runs Lockstep: database server (unless DATABASE_URL is set), workers, mail and proxy.',
    load: async () => (await import('./commands/start.ts')).start,
  },
  {
    name: 'simulated-org',
    summary: 'Runs the simulated Salesforce org by itself.',
    load: async () => (await import('./commands/simulated-org.ts')).simulatedOrg,
  },
  {
    name: 'login',
    summary: 'Makes the commands of this user use the Lockstep at an address, with a key of it.',
    load: async () => (await import('./commands/login.ts')).login,
  },
  {
    name: 'logout',
    summary: 'Forgets the address and the key of login.',
    load: async () => (await import('./commands/login.ts')).logout,
  },
  {
    name: 'sync create',
    summary:
      'Creates a sync: tests everything, then makes its database and tables. The server starts reading at once.',
    load: async () => (await import('./commands/sync-create.ts')).syncCreate,
  },
  {
    name: 'db sql',
    summary:
      'The SQL that the owner of a database runs, so that a mirror can be made in it; --undo: the reverse.',
    load: async () => (await import('./commands/db.ts')).dbSql,
  },
  {
    name: 'db test',
    summary: 'Tests a database of your own step by step, and says how to repair what fails.',
    load: async () => (await import('./commands/db.ts')).dbTest,
  },
  {
    name: 'db set',
    summary:
      'Lets a sync go on in a database of your own that holds its mirror: at a new address, with new passwords, or after it was copied there.',
    load: async () => (await import('./commands/db.ts')).dbSet,
  },
  {
    name: 'db drop-former',
    summary: 'Drops the private database that a sync has left for one of your own.',
    load: async () => (await import('./commands/db.ts')).dbDropFormer,
  },
  {
    name: 'sync list',
    summary: 'All syncs.',
    load: async () => (await import('./commands/sync.ts')).syncList,
  },
  {
    name: 'sync show',
    summary: 'The addresses of a sync: the proxy, and the mirror with its readers.',
    load: async () => (await import('./commands/sync.ts')).syncShow,
  },
  {
    name: 'sync reauth',
    summary: 'Replaces the credential of a sync, which goes on where it is.',
    load: async () => (await import('./commands/sync-reauth.ts')).syncReauth,
  },
  {
    name: 'sync recopy',
    summary: 'After a refresh of a sandbox: copies the new org into the same tables.',
    load: async () => (await import('./commands/sync-recopy.ts')).syncRecopy,
  },
  {
    name: 'sync pause',
    summary: 'Stops reading. The mirror stays as it is, and the proxy keeps working.',
    load: async () => (await import('./commands/sync.ts')).syncPause,
  },
  {
    name: 'sync resume',
    summary: 'Resumes reading where it was paused.',
    load: async () => (await import('./commands/sync.ts')).syncResume,
  },
  {
    name: 'sync delete',
    summary: 'Deletes a sync with its mirror; says first what is erased and what stays.',
    load: async () => (await import('./commands/sync-delete.ts')).syncDelete,
  },
  {
    name: 'sync set',
    summary:
      "Shows or changes what the proxy does with writes while the mirror's database does not answer, which fields are left out, which API version the sync speaks, and whether the tables have foreign keys.",
    load: async () => (await import('./commands/sync-set.ts')).syncSet,
  },
  {
    name: 'status',
    summary: 'Whether a sync runs, and the state of each of its objects.',
    load: async () => (await import('./commands/status.ts')).status,
  },
  {
    name: 'watch',
    summary:
      'Shows how far a sync is and what happens to it, as it happens; --until live waits for its copy.',
    load: async () => (await import('./commands/watch.ts')).watch,
  },
  {
    name: 'flush',
    summary:
      'Reads every object now, and returns when everything committed before the call is in the mirror.',
    load: async () => (await import('./commands/flush.ts')).flush,
  },
  {
    name: 'objects list',
    summary: 'Each object: its table, its state, when it was last verified, and what is wrong with it.',
    load: async () => (await import('./commands/objects-list.ts')).objectsList,
  },
  {
    name: 'org show',
    summary: 'The org of a sync: its edition and limits, and what the user of the sync may do there.',
    load: async () => (await import('./commands/org-show.ts')).orgShow,
  },
  {
    name: 'objects available',
    summary: 'The objects of the org: which could be mirrored, and why others cannot.',
    load: async () => (await import('./commands/objects-available.ts')).objectsAvailable,
  },
  {
    name: 'objects fields',
    summary:
      'The fields of an object: which of them the sync mirrors, or would, and why others have no column.',
    load: async () => (await import('./commands/objects-fields.ts')).objectsFields,
  },
  {
    name: 'objects add',
    summary: 'Adds objects to a sync while it runs.',
    load: async () => (await import('./commands/objects-change.ts')).objectsAdd,
  },
  {
    name: 'objects remove',
    summary: 'Removes an object from a sync while it runs; its table stays unless you say otherwise.',
    load: async () => (await import('./commands/objects-change.ts')).objectsRemove,
  },
  {
    name: 'objects verify',
    summary: 'Compares the mirror with Salesforce now, and reads again what differs. The tables stay usable.',
    load: async () => (await import('./commands/objects-verify.ts')).objectsVerify,
  },
  {
    name: 'objects refetch',
    summary: 'Reads these records again, by their Ids.',
    load: async () => (await import('./commands/objects-verify.ts')).objectsRefetch,
  },
  {
    name: 'objects missing',
    summary: 'Rows that Salesforce suddenly no longer shows: they stay until you decide, --keep or --remove.',
    load: async () => (await import('./commands/objects-missing.ts')).objectsMissing,
  },
  {
    name: 'objects set-aside',
    summary: 'Records that PostgreSQL cannot hold as they are: which, why, and when they are tried again.',
    load: async () => (await import('./commands/objects-set-aside.ts')).objectsSetAside,
  },
  {
    name: 'activity',
    summary: 'What has happened to a sync in the last 30 days, the newest first.',
    load: async () => (await import('./commands/activity.ts')).activity,
  },
  {
    name: 'usage',
    summary: 'What the requests of a sync are for, and how many of its daily requests the org has used.',
    load: async () => (await import('./commands/usage.ts')).usage,
  },
  {
    name: 'try',
    summary: 'Writes one value of a record back through the proxy, and measures when SQL shows it.',
    load: async () => (await import('./commands/try.ts')).tryCommand,
  },
  {
    name: 'proxy list',
    summary: 'Proxied writes and refused requests of the last 30 days, and what became of them.',
    load: async () => (await import('./commands/proxy-list.ts')).proxyList,
  },
  {
    name: 'freshness',
    summary: 'How far each table of a sync was behind Salesforce, for 30 days.',
    load: async () => (await import('./commands/freshness.ts')).freshness,
  },
  {
    name: 'workers',
    summary: 'The processes that run syncs, and which sync each one runs.',
    load: async () => (await import('./commands/workers.ts')).workers,
  },
  {
    name: 'sync leases',
    summary: 'Which process has run a sync from when to when, for 30 days, the newest first.',
    load: async () => (await import('./commands/sync-leases.ts')).syncLeases,
  },
  {
    name: 'budget show',
    summary: 'The pace of a sync, its requests per day, and where it stops.',
    load: async () => (await import('./commands/budget.ts')).budgetShow,
  },
  {
    name: 'budget set',
    summary: 'Changes the pace of a sync, and where it stops, while it runs.',
    load: async () => (await import('./commands/budget.ts')).budgetSet,
  },
  {
    name: 'reader create',
    summary: 'Makes a login for an application that reads the mirror, and shows its password once.',
    load: async () => (await import('./commands/reader.ts')).readerCreate,
  },
  {
    name: 'reader list',
    summary: 'The logins of the applications that read a mirror.',
    load: async () => (await import('./commands/reader.ts')).readerList,
  },
  {
    name: 'reader drop',
    summary: 'Drops a login and ends its sessions.',
    load: async () => (await import('./commands/reader.ts')).readerDrop,
  },
  {
    name: 'sql',
    summary: 'Runs one query on the mirror, as its read-only user.',
    load: async () => (await import('./commands/sql.ts')).sqlCommand,
  },
  {
    name: 'api-key create',
    summary: 'Makes a key for a program that uses the management API, and shows it once.',
    load: async () => (await import('./commands/keys.ts')).apiKeyCreate,
  },
  {
    name: 'api-key list',
    summary: 'All keys of the management API: scope, expiry, last use.',
    load: async () => (await import('./commands/keys.ts')).apiKeyList,
  },
  {
    name: 'api-key revoke',
    summary: 'Revokes a key of the management API: from now on it is refused.',
    load: async () => (await import('./commands/keys.ts')).apiKeyRevoke,
  },
  {
    name: 'proxy-key create',
    summary: "Makes a key of a sync's proxy, for a program without a token of Salesforce, and shows it once.",
    load: async () => (await import('./commands/keys.ts')).proxyKeyCreate,
  },
  {
    name: 'proxy-key list',
    summary: "All keys of a sync's proxy: scope, expiry, last use.",
    load: async () => (await import('./commands/keys.ts')).proxyKeyList,
  },
  {
    name: 'proxy-key revoke',
    summary: "Revokes a key of a sync's proxy, which refuses it within seconds.",
    load: async () => (await import('./commands/keys.ts')).proxyKeyRevoke,
  },
  {
    name: 'audit',
    summary: 'Who has changed what in the last 30 days, the newest first.',
    load: async () => (await import('./commands/audit.ts')).audit,
  },
  {
    name: 'session list',
    summary: "The administrator's sessions in browsers; --all: also those that ended in the last 30 days.",
    load: async () => (await import('./commands/session.ts')).sessionList,
  },
  {
    name: 'session end',
    summary: 'Ends a session: the next request of that browser is refused.',
    load: async () => (await import('./commands/session.ts')).sessionEnd,
  },
  {
    name: 'admin setup-token',
    summary: 'Makes a new set-up token while there is no administrator. On the server only.',
    load: async () => (await import('./commands/admin.ts')).adminSetupToken,
  },
  {
    name: 'admin reset-password',
    summary: "Sets the administrator's password and ends all its sessions. On the server only.",
    load: async () => (await import('./commands/admin.ts')).adminResetPassword,
  },
  {
    name: 'jwt-key create',
    summary:
      'Makes a key pair for signing in by a signed assertion, and prints the certificate for Salesforce.',
    load: async () => (await import('./commands/jwt-key.ts')).jwtKeyCreate,
  },
  {
    name: 'jwt-key list',
    summary: 'Key pairs for signing in by a signed assertion.',
    load: async () => (await import('./commands/jwt-key.ts')).jwtKeyList,
  },
  {
    name: 'jwt-key delete',
    summary: 'Deletes a key pair; syncs that were created with it keep working.',
    load: async () => (await import('./commands/jwt-key.ts')).jwtKeyDelete,
  },
  {
    name: 'openapi',
    summary: 'The document that describes the management API: OpenAPI 3.1.',
    load: async () => (await import('./commands/openapi.ts')).openapi,
  },
  {
    name: 'completion',
    summary:
      'A script that completes this command line in bash, zsh or fish: eval "$(lockstep completion bash)".',
    load: async () => (await import('./commands/completion.ts')).completionCommand(commands),
  },
  {
    name: 'version',
    summary: 'The version of Lockstep, and of the Node that runs it.',
    load: async () => (await import('./commands/version.ts')).version,
  },
  {
    name: 'help',
    summary:
      'All commands; help COMMAND: one of them; help config: all options; help CODE: what an error means.',
    load: async () => (await import('./commands/help.ts')).helpCommand(commands),
  },
];

/** Old names of commands, with the new ones. */
const renamed: Readonly<Record<string, string>> = {
  org: 'simulated-org',
  'objects compare': 'objects verify --level counts',
  'objects reconcile': 'objects verify --level ids',
  'objects reread': 'objects verify --level content',
  'objects repair': 'objects refetch',
  'objects held': 'objects missing',
  'sync writes': 'sync set',
};

/** Commands that people also type as flags. */
const flagCommands: Readonly<Record<string, string>> = {
  '--help': 'help',
  '-h': 'help',
  '--version': 'version',
};

/** The command that the first words name, and the arguments after them. */
export function findCommand(given: readonly string[]): { entry: CommandEntry; rest: readonly string[] } {
  const [first = '--help', second] = given;
  for (const words of [2, 1]) {
    const typed = given.length === 0 ? first : given.slice(0, words).join(' ');
    const name = flagCommands[typed] ?? typed;
    const entry = commands.find((one) => one.name === name);
    if (entry) return { entry, rest: given.slice(words) };
    const now = Object.hasOwn(renamed, name) ? renamed[name] : undefined;
    if (now !== undefined)
      throw usageError(`The command ${name} is now called ${now}.`, `lockstep help ${now.split(' --')[0]}`);
  }
  const names = commands.map(({ name }) => name);
  const inGroup = names.filter((name) => name.startsWith(`${first} `));
  const near = inGroup.length > 0 ? inGroup : nearNames(second ? `${first} ${second}` : first, names);
  const hint = near.length > 0 ? ` Near: ${near.join(', ')}.` : '';
  throw usageError(
    `There is no command ${JSON.stringify(inGroup.length > 0 ? given.slice(0, 2).join(' ') : first)}.${hint}`,
  );
}
