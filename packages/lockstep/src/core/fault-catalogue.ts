/**
 * The catalogue of everything that can go wrong. `{name}` in a text is filled from the fault's `safe` fields.
 * docs/errors.md is generated from this list.
 */

import { databaseFaults } from './database-faults.ts';
import type { FaultEntry } from './fault-entry.ts';
import { salesforceFaults } from './salesforce-faults.ts';

export const faults = {
  'API-01': {
    kind: 'permanent',
    title: 'The request is not valid',
    explanation:
      'Something is missing from the request, or has a form that is not accepted; nothing was changed.',
    next: 'Correct what `errors` names. The form of every request: lockstep openapi',
  },
  'API-02': {
    kind: 'needs-person',
    title: 'No valid key',
    explanation:
      'The request has no Authorization header with a key of this server, nor the cookie of a session that lasts.',
    next: 'Sign in, or send `Authorization: Bearer KEY`. To make one: lockstep help api-key create',
  },
  'API-03': {
    kind: 'needs-person',
    title: 'Not a request to this server',
    explanation: 'The request is refused because of {reason} that it names.',
    next: 'Use the address that Lockstep shows at its start, or list the name in LOCKSTEP_API_PUBLIC_HOST.',
  },
  'API-04': {
    kind: 'transient',
    title: 'Changed meanwhile',
    explanation: 'Somebody has changed it since it was read (If-Match); nothing was changed.',
    next: 'Read it again, look at what has changed, and repeat the change with the new ETag.',
  },
  'API-05': {
    kind: 'permanent',
    title: 'No such path',
    explanation: 'The API has no such path, or not for this method.',
    next: 'All paths: lockstep openapi',
  },
  'API-10': {
    kind: 'needs-person',
    title: 'Not over plain http from another machine',
    explanation: 'The request came from {host} unencrypted; whoever listens on the way now knows its key.',
    next: 'Revoke the key (lockstep api-key revoke). Set LOCKSTEP_API_TLS_CERT, or name your TLS terminator in LOCKSTEP_TRUSTED_PROXIES.',
  },
  'API-11': {
    kind: 'needs-person',
    title: 'The set-up token is not valid',
    explanation: 'It may have been used or be older than 24 hours, or the server was restarted since.',
    next: "Read the newest one in the server's terminal or in the file setup-token of its data directory, or make one there: lockstep admin setup-token",
  },
  'API-12': {
    kind: 'needs-person',
    title: 'Set-up is finished',
    explanation: 'There is an administrator already; if it was made a moment ago, somebody else was faster.',
    next: 'Sign in. If the password is lost, on the server: lockstep admin reset-password',
  },
  'API-13': {
    kind: 'needs-person',
    title: 'That password is not right',
    explanation: 'Nobody was signed in, and nothing was changed.',
    next: 'Try again. If it is lost, or if nobody has chosen one yet, on the server: lockstep admin reset-password',
  },
  'API-14': {
    kind: 'transient',
    title: 'Too many tries',
    explanation: 'Next try in {reason}.',
    next: 'Wait. After each further wrong try the wait doubles, up to 15 minutes.',
  },
  'API-15': {
    kind: 'permanent',
    title: 'Not from a page of this session',
    explanation:
      'The request carries the cookie of a session but not the header X-Lockstep-CSRF with the value of that session; nothing was changed.',
    next: 'Send `csrf_token` of GET /api/v1/session in that header.',
  },
  'API-16': {
    kind: 'needs-person',
    title: 'No sign-in over plain http',
    explanation: 'The password would be readable on the way, and so would the cookie of the session.',
    next: 'Use https, or a tunnel to localhost. If a TLS terminator is in front, name it in LOCKSTEP_TRUSTED_PROXIES; it has to send X-Forwarded-Proto: https.',
  },
  'API-18': {
    kind: 'needs-person',
    title: 'This link does not sign in any more',
    explanation: 'It is valid once, for 15 minutes, on the machine that has shown it, until the server ends.',
    next: 'Start the demo again: it shows a new one.',
  },
  'API-19': {
    kind: 'needs-person',
    title: 'No administrator yet',
    explanation: 'Nobody can sign in before somebody has chosen the password of the administrator.',
    next: 'Open the link that the server has shown at its start; a new one, on the server: lockstep admin setup-token',
  },
  'API-20': {
    kind: 'needs-person',
    title: 'The demo is opened by its link',
    explanation: 'The demo has no password: the link that it shows at its start signs in, once.',
    next: 'Open that link; if it is used or older than 15 minutes, start the demo again.',
  },
  'API-09': {
    kind: 'transient',
    title: 'Too many watch',
    explanation: 'The server has as many open event streams as it allows.',
    next: 'Close one that nobody needs, or ask for the state from time to time: GET /api/v1/syncs/…',
  },
  'API-08': {
    kind: 'needs-person',
    title: 'This key may only read',
    explanation: 'The key is of the scope read, and the request would change something.',
    next: 'Use a key of the scope write: lockstep help api-key create',
  },
  'API-06': {
    kind: 'permanent',
    title: 'The key belongs to another request',
    explanation:
      'This Idempotency-Key was used for another request within the last 24 hours; nothing was changed.',
    next: 'Give each request a key of its own, and the same key only to its repetitions.',
  },
  'API-17': {
    kind: 'permanent',
    title: 'Not with a key',
    explanation: 'A key of this API makes no key that writes in Salesforce; nothing was changed.',
    next: "Sign in as the administrator, or run lockstep proxy-key create on the server's machine.",
  },
  'API-07': {
    kind: 'transient',
    title: 'Still under way',
    explanation: 'The first request with this Idempotency-Key has not been answered yet.',
    next: 'Repeat it in some seconds, with the same key.',
  },
  ...salesforceFaults,
  ...databaseFaults,
  'PRX-01': {
    kind: 'permanent',
    title: 'Unknown sync address',
    explanation: "No sync has this id, or the address names a host other than its org's.",
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
    explanation: "A request needs the caller's own Salesforce token.",
    next: 'Send the same Authorization header as to Salesforce.',
  },
  'PRX-04': {
    kind: 'transient',
    title: 'Outcome unknown',
    explanation: 'The request may have reached Salesforce; its answer was lost. The record is being read.',
    next: 'Do not repeat a create before you have checked whether the record exists.',
  },
  'PRX-08': {
    kind: 'permanent',
    title: 'Request refused by the proxy',
    explanation: 'Path, method, framing or pace is not allowed ({reason}).',
    next: "Send it as you would to Salesforce's REST API, under /services/.",
  },
  'PRX-10': {
    kind: 'transient',
    title: 'Too many requests at once',
    explanation: 'More requests are under way than allowed ({reason}). Nothing was sent.',
    next: 'Repeat it after the time in Retry-After, and send fewer requests in parallel.',
  },
  'PRX-12': {
    kind: 'transient',
    title: 'Database down: the write was not sent',
    explanation: "The mirror's database does not answer. Nothing reached Salesforce.",
    next: 'Repeat when it is back.',
  },
  'PRX-13': {
    kind: 'needs-person',
    title: 'Sync is locked: the request was not sent',
    explanation: "The sync's stored credential cannot be opened here ({reason}). Nothing reached Salesforce.",
    next: 'lockstep status shows the reason and the next step to whoever runs Lockstep.',
  },
  'PRX-14': {
    kind: 'needs-person',
    title: 'Key is not accepted',
    explanation: 'It is no key of this sync: it has expired, was revoked, or is of another sync.',
    next: 'lockstep proxy-key list shows the keys of the sync; lockstep proxy-key create makes one.',
  },
  'PRX-15': {
    kind: 'permanent',
    title: 'Not with a key',
    explanation: 'A key of the scope {reason} does not reach this. Nothing reached Salesforce.',
    next: "Send the caller's own token of Salesforce. What a key reaches: docs/proxy.md",
  },
  'PRX-16': {
    kind: 'transient',
    title: 'Sync is not signed in: the request was not sent',
    explanation: 'A request with a key needs the session of the sync, which it cannot get ({reason}).',
    next: 'Repeat it. lockstep status shows the reason to whoever runs Lockstep.',
  },
  'KEY-01': {
    kind: 'needs-person',
    title: 'No encryption key',
    explanation: 'The key cannot be read ({reason}). Credentials are never stored unencrypted.',
    next: 'Set LOCKSTEP_KEY_FILE or LOCKSTEP_KEY.',
  },
  'KEY-02': {
    kind: 'needs-person',
    title: 'Wrong encryption key',
    explanation: 'A credential was sealed with key {reason}, which is not the configured one.',
    next: 'Set that key in LOCKSTEP_KEY_FILE or LOCKSTEP_KEY, and start again.',
  },
  'KEY-03': {
    kind: 'needs-person',
    title: 'Sealed value was moved or altered',
    explanation: 'It does not belong to the row that it is stored in. It was not used.',
    next: 'Find out who changed the control database; then create the sync again.',
  },
  'KEY-04': {
    kind: 'needs-person',
    title: 'The key of the stored credentials is missing',
    explanation:
      'The credentials in the control database were sealed with key {key}, but {reason}. Nothing was changed, and no new key was made.',
    next: 'Put the file with that key back, or name it in LOCKSTEP_KEY_FILE (or set its text as LOCKSTEP_KEY). If neither was set, the first start made it as lockstep/key in the configuration folder of its user. A demo can start over without it: npm run demo -- --fresh',
  },
  'CFG-01': {
    kind: 'needs-person',
    title: 'Configuration is wrong',
    explanation: 'Lockstep cannot use a setting. {reason}',
    next: 'See: lockstep help config',
  },
  'CFG-03': {
    kind: 'needs-person',
    title: 'The name is taken',
    explanation: '{reason}; nothing was made.',
    next: 'Choose another name.',
  },
  'CFG-02': {
    kind: 'needs-person',
    title: 'A certificate cannot be used',
    explanation:
      'Proxy and API each need a certificate and its private key, if they are to speak https. {reason}',
    next: 'Correct the files named in LOCKSTEP_PROXY_TLS_CERT and LOCKSTEP_PROXY_TLS_KEY, or in LOCKSTEP_API_TLS_CERT and LOCKSTEP_API_TLS_KEY: lockstep help config',
  },
  'SYS-05': {
    kind: 'transient',
    title: 'Mail was not sent',
    explanation: 'The mail server did not accept it ({reason}).',
    next: 'Lockstep tries again by itself. Check LOCKSTEP_SMTP_URL.',
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
    title: 'Late work was refused',
    explanation:
      'Another process took over the sync because this one did not renew its lease in time, or the table was changed after its page was requested.',
    next: 'Nothing to do.',
  },
  'SYS-10': {
    kind: 'needs-person',
    title: 'The embedded PostgreSQL does not run',
    explanation: 'The database server of the data directory did not start or did not keep running. {reason}',
    next: 'See its log in the data directory, or set DATABASE_URL to use your own server.',
  },
  'SYS-11': {
    kind: 'needs-person',
    title: 'Lockstep is not running',
    explanation: 'No server runs on this data directory.',
    next: 'Start one: npm run demo, or lockstep start. For one elsewhere: lockstep login URL',
  },
  'SYS-12': {
    kind: 'needs-person',
    title: 'The sync is paused',
    explanation: 'Nothing is read for {sync} until it is resumed.',
    next: 'lockstep sync resume --sync {sync}',
  },
  'SYS-13': {
    kind: 'needs-person',
    title: 'No worker is running this sync',
    explanation: 'No live Lockstep process is running {sync}.',
    next: 'npm run demo for the demo, lockstep start for anything else',
  },
  'SYS-14': {
    kind: 'transient',
    title: 'Not done in time',
    explanation: 'The time that was allowed is over. {reason}',
    next: 'See lockstep status --sync {sync}; allow more time with --timeout, for watch with --wait.',
  },
  'SYS-15': {
    kind: 'transient',
    title: 'Unexpected failure',
    explanation: 'Lockstep failed in a way that it does not recognise ({reason}). Nothing is lost.',
    next: 'Lockstep retries by itself. Please report it, with the log lines before it.',
  },
  'SYS-16': {
    kind: 'transient',
    title: 'The mirror is of an older version',
    explanation: 'Its database is upgraded when a server of this version runs {sync}.',
    next: 'Start the server, or lockstep sync resume --sync {sync} if it is paused.',
  },
  'SYS-19': {
    kind: 'transient',
    title: 'The sync is still being run',
    explanation: 'A worker has not let the sync go within 30 seconds; its mirror was not touched.',
    next: 'Repeat it: lockstep sync delete --sync {sync}',
  },
  'SYS-18': {
    kind: 'permanent',
    title: 'The sync is being deleted',
    explanation: 'Nothing can be changed about it any more.',
    next: 'If its deletion was interrupted, finish it: lockstep sync delete --sync {sync}',
  },
  'SYS-23': {
    kind: 'transient',
    title: 'Another change is under way',
    explanation: 'Somebody is changing the mirror of this sync; nothing was changed now.',
    next: 'Repeat it when that change is done.',
  },
  'SYS-24': {
    kind: 'needs-person',
    title: 'The sync is being copied again',
    explanation:
      'The tables of {sync} are emptied for another org; until that is done, no worker may run it.',
    next: 'It goes on by itself then. If the copying was interrupted, finish it: lockstep sync recopy --sync {sync}',
  },
  'SYS-20': {
    kind: 'transient',
    title: 'The server does not answer',
    explanation: 'There is no answer from {host} ({reason}).',
    next: 'Check the address and that Lockstep runs there; to use another one: lockstep login URL',
  },
  'SYS-25': {
    kind: 'needs-person',
    title: "The server's certificate cannot be verified",
    explanation: 'The command has sent nothing to {host} ({reason}).',
    next: 'Use the name that the certificate is for. If it is of your own authority, name the file of that in NODE_EXTRA_CA_CERTS.',
  },
  'SYS-21': {
    kind: 'permanent',
    title: 'The server is of another version',
    explanation: 'This command does not understand its answer ({reason}).',
    next: 'Use the command of the same version as the server.',
  },
  'SYS-22': {
    kind: 'needs-person',
    title: 'A key is not sent to another machine over plain http',
    explanation: 'Whoever listens on the way to {host} could use the key.',
    next: 'Give the server a certificate (LOCKSTEP_API_TLS_CERT) or a TLS terminator and use its https address, or open a tunnel: ssh -L 8400:localhost:8400',
  },
  'SYS-17': {
    kind: 'needs-person',
    title: 'There is no account to run the embedded PostgreSQL as',
    explanation: 'PostgreSQL does not run as root, and there is no account postgres. Nothing was created.',
    next: 'Make one: useradd --system postgres (Alpine: adduser -S postgres). Or run Lockstep as an ordinary user, or set DATABASE_URL.',
  },
} as const satisfies Record<string, FaultEntry>;
