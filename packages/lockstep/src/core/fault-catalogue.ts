/**
 * The one catalogue of what can go wrong. Three kinds: a transient fault may pass by itself and the same request may
 * work later; a permanent one never will, and the code knows what to do instead; the third needs a person.
 * `{name}` in a text is filled from the fault's `safe` fields. docs/errors.md is made from this list.
 */
export type FaultKind = 'transient' | 'permanent' | 'needs-person';

interface FaultEntry {
  kind: FaultKind;
  title: string;
  explanation: string;
  next: string;
}

export const faults = {
  'SF-01': {
    kind: 'needs-person',
    title: 'Salesforce no longer accepts the sign-in',
    explanation: 'The stored credential was refused ({reason}).',
    next: 'Fix the app or its run-as user in Salesforce; then lockstep sync pause and lockstep sync resume try it again.',
  },
  'SF-02': {
    kind: 'transient',
    title: 'Salesforce refuses the session',
    explanation: 'The sign-in works, but {host} refuses requests with the session that it gave ({reason}).',
    next: "A sync tries again by itself; a command or a proxied request has to be repeated. If it lasts, check in Salesforce that the app's policies and its run-as user allow API access from this machine.",
  },
  'SF-07': {
    kind: 'needs-person',
    title: 'Consumer key or secret is wrong',
    explanation: 'Salesforce answered {reason}.',
    next: 'Copy both again; a new app needs some minutes before it is known.',
  },
  'ORG-01': {
    kind: 'needs-person',
    title: 'This is another org',
    explanation:
      'The credential belongs to org {org}, which is not the org of this sync. Nothing was written.',
    next: 'Sign in to the right org, or create a new sync.',
  },
  'ORG-04': {
    kind: 'needs-person',
    title: 'Not a Salesforce address',
    explanation: '{host} is outside the allowed hosts.',
    next: "Use the org's My Domain address, https://NAME.my.salesforce.com; a test org is named in LOCKSTEP_ALLOW_HOST, for the server as well.",
  },
  'LIM-01': {
    kind: 'transient',
    title: 'API limit reached',
    explanation: 'The org has used its API requests ({reason}); other apps are refused too.',
    next: 'Reading resumes by itself.',
  },
  'LIM-02': {
    kind: 'transient',
    title: 'Stop line reached',
    explanation:
      "The share of the org's daily requests at which this sync stops is used up, by all programs together ({reason}). Nothing is lost; writes through the proxy go on.",
    next: 'Nothing to do, reading resumes by itself; or raise the line: lockstep budget set --stop-at 95',
  },
  'LIM-05': {
    kind: 'permanent',
    title: 'Budget out of range',
    explanation: '{reason} is not a budget that a sync can have.',
    next: 'Give one request every 0.2 s to 300 s, and a stop line from 10 to 100 %: lockstep budget set --every 3s --stop-at 90',
  },
  'LIM-06': {
    kind: 'transient',
    title: 'Asked to slow down',
    explanation: 'Salesforce answered {status}.',
    next: 'Nothing to do; the request is made again later.',
  },
  'PERM-02': {
    kind: 'permanent',
    title: 'The object cannot be read',
    explanation: 'Salesforce refuses {stream} ({reason}). Its rows are kept as they are.',
    next: "Give the sync's user read access to it.",
  },
  'PERM-03': {
    kind: 'transient',
    title: 'The log of deletions is refused',
    explanation:
      'Salesforce does not answer which records of {stream} were deleted ({reason}). Deletions past the recycle bin are found by the daily sweep instead.',
    next: "Give the sync's user the right to view all data of the object.",
  },
  'PERM-05': {
    kind: 'needs-person',
    title: 'Many rows vanished at once',
    explanation:
      "{rows} rows of {stream} are no longer among what Salesforce shows to the sync's user. None was removed here: a lost permission or a sharing rule looks the same as a deletion.",
    next: "Look at the permissions of the sync's user. If the records are still in Salesforce: lockstep objects missing --keep {stream}; if they were deleted: lockstep objects missing --remove {stream}",
  },
  'SCH-04': {
    kind: 'transient',
    title: 'Table changed by somebody else',
    explanation:
      'The table of {stream} is not as it was made ({reason}). It is made again, and its rows are read again.',
    next: 'Nothing to do. Change views or copies of your own instead: these tables belong to the sync.',
  },
  'SCH-05': {
    kind: 'transient',
    title: 'Table cannot be made as it was planned',
    explanation:
      'The table of {stream} was changed by somebody else, and {reason}. Its rows stay as they are.',
    next: 'Take away what stands in the way (your own view, table or lock); it is tried again by itself.',
  },
  'SCH-06': {
    kind: 'permanent',
    title: 'Object cannot be mirrored',
    explanation: '{stream} {reason}.{more}',
    next: 'Leave it out.',
  },
  'SCH-08': {
    kind: 'permanent',
    title: 'Describe cannot be read',
    explanation: "Salesforce's description of {stream} has an unexpected form at {where}.",
    next: 'Please report it; other objects go on.',
  },
  'SCH-09': {
    kind: 'permanent',
    title: 'Unknown object',
    explanation: 'The org has no object {stream} that this user can see.{near}',
    next: 'Correct the name; nothing was created.',
  },
  'DATA-03': {
    kind: 'transient',
    title: 'Incomplete answer thrown away',
    explanation:
      'An answer of Salesforce was cut short or has an unexpected form at {where}; nothing of it was used.',
    next: 'Nothing to do; it is asked again.',
  },
  'DATA-05': {
    kind: 'transient',
    title: 'Numbers of records differ',
    explanation:
      'On {rows} days of creation the mirror has other numbers of {stream} than Salesforce, after all of them were read again.',
    next: 'See whether rows are set aside or missing: lockstep objects list. Otherwise read the object again: lockstep objects verify --level content {stream}',
  },
  'NET-01': {
    kind: 'transient',
    title: 'Salesforce does not answer',
    explanation: 'A request to {host} failed ({reason}).',
    next: 'A sync tries again by itself; a command or a proxied request has to be repeated. See status.salesforce.com.',
  },
  'NET-04': {
    kind: 'permanent',
    title: 'Redirect refused',
    explanation: '{host} wanted to send the request elsewhere; the token was not sent there.',
    next: "Use the org's current address.",
  },
  'DB-01': {
    kind: 'transient',
    title: 'Database name does not resolve',
    explanation: 'The host {host} is unknown from this machine.',
    next: 'Check the host in DATABASE_URL.',
  },
  'DB-02': {
    kind: 'transient',
    title: 'Database does not answer',
    explanation: 'Nothing answers at {host} ({reason}). Positions are kept, nothing is lost.',
    next: 'Start the server or correct DATABASE_URL.',
  },
  'DB-03': {
    kind: 'needs-person',
    title: 'Database password or user is wrong',
    explanation: 'The server at {host} refuses the login.',
    next: 'Correct user and password in DATABASE_URL; special characters are percent-encoded there.',
  },
  'DB-06': {
    kind: 'needs-person',
    title: 'A right is missing in the database',
    explanation: 'The server at {host} says that the login may not do this ({reason}).',
    next: 'The login needs CREATEDB and CREATEROLE.',
  },
  'DB-08': {
    kind: 'transient',
    title: 'Database cannot store',
    explanation: 'The database refuses to write ({sqlState}). Positions stand still, nothing is lost.',
    next: 'Free disk space, or end the read-only mode.',
  },
  'DB-15': {
    kind: 'transient',
    title: 'A table refuses its rows',
    explanation: 'The database did not take a page of {stream} ({sqlState}). Other objects go on.',
    next: 'Look for locks, triggers and rules that were added to the table.',
  },
  'DB-16': {
    kind: 'transient',
    title: 'A table is locked',
    explanation:
      'Another session keeps pages of {stream} from being written ({reason}). Other objects go on.',
    next: 'Nothing to do where the lock is meant; otherwise end that session. Reading goes on by itself.',
  },
  'DB-17': {
    kind: 'transient',
    title: 'The database refuses a statement',
    explanation:
      'A statement of the sync itself failed ({sqlState}). Positions stand still, nothing is lost.',
    next: 'It is tried again by itself. Look what was changed in the schema _lockstep or in the rights of its roles.',
  },
  'PRX-01': {
    kind: 'permanent',
    title: 'Unknown sync address',
    explanation: 'No sync has this id, or the address names another host than its org.',
    next: 'Copy the base URL again: lockstep sync show',
  },
  'PRX-02': {
    kind: 'permanent',
    title: 'Token of another org',
    explanation: "The token does not belong to this sync's org. Nothing was sent.",
    next: "Use a token of the sync's own org.",
  },
  'PRX-03': {
    kind: 'permanent',
    title: 'No bearer token',
    explanation: "A request needs the caller's own authority.",
    next: 'Send the Authorization header as to Salesforce.',
  },
  'PRX-04': {
    kind: 'transient',
    title: 'Outcome unknown',
    explanation: 'The request may have reached Salesforce; its answer was lost. The record is being read.',
    next: 'Do not repeat a create; look whether the record is there.',
  },
  'PRX-08': {
    kind: 'permanent',
    title: 'Request refused here',
    explanation: 'Path, method, framing or pace is not allowed ({reason}).',
    next: "Send it as to Salesforce's REST API, under /services/.",
  },
  'PRX-10': {
    kind: 'transient',
    title: 'Too many requests at once',
    explanation: 'More requests are under way than may be ({reason}). Nothing was sent.',
    next: 'Repeat it when the time that Retry-After says is over, and send fewer in parallel.',
  },
  'PRX-12': {
    kind: 'transient',
    title: 'Database away: the write was not sent',
    explanation: "The mirror's database does not answer. Nothing reached Salesforce.",
    next: 'Repeat when it is back.',
  },
  'PRX-13': {
    kind: 'needs-person',
    title: 'Sync is locked: the request was not sent',
    explanation: "The sync's stored credential cannot be opened here ({reason}). Nothing reached Salesforce.",
    next: 'Whoever runs Lockstep sees the reason and the next step with lockstep status.',
  },
  'KEY-01': {
    kind: 'needs-person',
    title: 'No encryption key',
    explanation: 'The key cannot be read ({reason}). Credentials are never stored in clear.',
    next: 'Set LOCKSTEP_KEY_FILE or LOCKSTEP_KEY.',
  },
  'KEY-02': {
    kind: 'needs-person',
    title: 'Wrong encryption key',
    explanation: 'A credential was sealed with key {reason}, which is not given.',
    next: 'Give that key in LOCKSTEP_KEY_FILE or LOCKSTEP_KEY, and start again.',
  },
  'KEY-03': {
    kind: 'needs-person',
    title: 'Sealed value was moved or altered',
    explanation: 'It does not belong where it stands. It was not used.',
    next: 'Find out who changed the control database; then create the sync again.',
  },
  'KEY-04': {
    kind: 'needs-person',
    title: 'The key of the stored credentials is not here',
    explanation:
      'The credentials in the control database were sealed with key {key}, but {reason}. Nothing was changed, and no new key was made.',
    next: 'Put the file with that key back, or name it with LOCKSTEP_KEY_FILE (its text: LOCKSTEP_KEY). Where neither was set, the first start made it as lockstep/key in the configuration folder of its user. A demo can begin without it: npm run demo -- --fresh',
  },
  'CFG-01': {
    kind: 'needs-person',
    title: 'Configuration is wrong',
    explanation: '{reason}',
    next: 'See: lockstep help config',
  },
  'CFG-02': {
    kind: 'needs-person',
    title: 'The certificate of the proxy cannot be used',
    explanation: '{reason}',
    next: 'Correct the files that LOCKSTEP_PROXY_TLS_CERT and LOCKSTEP_PROXY_TLS_KEY name: lockstep help config',
  },
  'SYS-05': {
    kind: 'transient',
    title: 'Mail was not sent',
    explanation: 'The mail server did not take it ({reason}).',
    next: 'Nothing to do; it is tried again. Check LOCKSTEP_SMTP_URL.',
  },
  'SYS-07': {
    kind: 'needs-person',
    title: 'Data of a newer version',
    explanation: 'It was written by a newer Lockstep ({reason}).',
    next: 'Install that version or a newer one, or restore a backup.',
  },
  'SYS-08': {
    kind: 'needs-person',
    title: 'Data of another PostgreSQL',
    explanation:
      'The data directory holds a cluster of another major version ({reason}). Nothing was changed.',
    next: 'Start the version that made it, or give another data directory with --data.',
  },
  'SYS-09': {
    kind: 'permanent',
    title: 'Another process took over',
    explanation: 'This process was silent too long; its late work was refused.',
    next: 'Nothing to do.',
  },
  'SYS-10': {
    kind: 'needs-person',
    title: 'The embedded PostgreSQL does not start',
    explanation: '{reason}',
    next: 'See its log in the data directory, or use your own server: DATABASE_URL.',
  },
  'SYS-11': {
    kind: 'needs-person',
    title: 'Lockstep is not running',
    explanation: 'No server runs on this data directory.',
    next: 'Start one: npm run demo, or lockstep start',
  },
  'SYS-12': {
    kind: 'needs-person',
    title: 'The sync is paused',
    explanation: 'Nothing is read for {sync} until it is resumed.',
    next: 'lockstep sync resume {sync}',
  },
  'SYS-13': {
    kind: 'needs-person',
    title: 'No worker is running this sync',
    explanation: 'No Lockstep process that is alive holds {sync}.',
    next: 'npm run demo for the demo, lockstep start for anything else',
  },
  'SYS-14': {
    kind: 'transient',
    title: 'Not done in time',
    explanation: '{reason}',
    next: 'See lockstep status {sync}; give it longer with --timeout.',
  },
  'SYS-15': {
    kind: 'transient',
    title: 'Unexpected failure',
    explanation: 'Lockstep itself failed at something that it does not know ({reason}). Nothing is lost.',
    next: 'It is tried again by itself. Please report it, with the lines of the log before it.',
  },
  'SYS-16': {
    kind: 'transient',
    title: 'The mirror is of an older version',
    explanation: 'Its database is brought up to date when a server of this version runs {sync}.',
    next: 'Start the server, or lockstep sync resume {sync} where it is paused.',
  },
} as const satisfies Record<string, FaultEntry>;
