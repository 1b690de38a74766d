/** The errors of databases: the control database, and those of mirrors. */
import type { FaultEntry } from './fault-entry.ts';

export const databaseFaults = {
  'DB-01': {
    kind: 'transient',
    title: 'Database name does not resolve',
    explanation: 'The host {host} is unknown from this machine.',
    next: 'Check the host in DATABASE_URL, or in the address of the database that you own.',
  },
  'DB-02': {
    kind: 'transient',
    title: 'Database does not answer',
    explanation: 'Nothing answers at {host} ({reason}). Cursors are kept and nothing is lost.',
    next: 'Start the server, or correct its address: DATABASE_URL, or that of the database that you own.',
  },
  'DB-03': {
    kind: 'needs-person',
    title: 'Database password or user is wrong',
    explanation: 'The server at {host} refuses the login.',
    next: 'Correct user and password, in DATABASE_URL or in the address of the database that you own; in a URL special characters must be percent-encoded.',
  },
  'DB-04': {
    kind: 'needs-person',
    title: 'No rule of the server lets the login in',
    explanation: 'The server at {host} has no rule for this login from this machine in its pg_hba.conf.',
    next: 'Add a rule for database, login and address of this machine, with scram-sha-256, and reload the server.',
  },
  'DB-06': {
    kind: 'needs-person',
    title: 'A database privilege is missing',
    explanation: 'The server at {host} does not allow the login to do this ({reason}).',
    next: 'The login of DATABASE_URL needs CREATEDB and CREATEROLE; for a database that you own, lockstep db test shows the statement that is missing.',
  },
  'DB-07': {
    kind: 'transient',
    title: 'Too few connections are free',
    explanation: 'The server at {host} cannot give the connections that a sync needs: {reason}.',
    next: 'Close connections that nobody uses, or raise the limit.',
  },
  'DB-08': {
    kind: 'transient',
    title: 'Database cannot store',
    explanation: 'The database refuses writes ({sqlState}). Cursors do not move and nothing is lost.',
    next: 'Free disk space, or end the read-only mode.',
  },
  'DB-09': {
    kind: 'needs-person',
    title: 'This server is a replica',
    explanation: 'The server at {host} follows another one and cannot be written.',
    next: "Give the primary's address.",
  },
  'DB-10': {
    kind: 'permanent',
    title: 'The schema contains tables of others',
    explanation: '{reason}. Lockstep overwrites nothing.',
    next: 'Choose another schema. To keep the mirror beside other tables: --share-schema; then rename or drop those with a name of its own.',
  },
  'DB-11': {
    kind: 'permanent',
    title: 'This database cannot hold a mirror',
    explanation: '{reason}.',
    next: 'Lockstep needs PostgreSQL 13 or newer, and a database with the encoding UTF8.',
  },
  'DB-14': {
    kind: 'needs-person',
    title: 'Readers cannot see new tables',
    explanation: '{reason}.',
    next: 'As the owner of the database, run the statement that lockstep db test shows.',
  },
  'DB-15': {
    kind: 'transient',
    title: 'A table refuses its rows',
    explanation: 'The database refused a page of {stream} ({reason}). Other objects are not affected.',
    next: 'Look for locks, triggers and rules that were added to the table.',
  },
  'DB-16': {
    kind: 'transient',
    title: 'A table is locked',
    explanation:
      'Another session blocks writes to the table of {stream} ({reason}). Other objects are not affected.',
    next: 'Nothing to do if the lock is intended; otherwise end that session. Reading resumes by itself.',
  },
  'DB-17': {
    kind: 'transient',
    title: 'The database refuses a statement',
    explanation:
      "One of the sync's own statements failed ({sqlState}). Cursors do not move and nothing is lost.",
    next: 'Lockstep retries by itself. Check what was changed in the schema _lockstep or in the privileges of its roles.',
  },
  'DB-18': {
    kind: 'needs-person',
    title: 'No verified TLS to the database',
    explanation:
      'The server at {host} does not prove over TLS that it is that host ({reason}), so no password was sent.',
    next: 'Enable TLS on the server; if its CA is your own, give that: sslrootcert=FILE in DATABASE_URL, --ca-file for a database that you own. If nobody else can reach the network in between, DATABASE_URL may say sslmode=disable.',
  },
  'DB-19': {
    kind: 'permanent',
    title: 'This PostgreSQL has no foreign keys of that kind',
    explanation:
      'Foreign keys that refuse no row (NOT ENFORCED) need PostgreSQL 18; the server has {reason}.',
    next: 'Nothing to do: the comment of each column says which object it refers to.',
  },
  'DB-20': {
    kind: 'needs-person',
    title: 'A connection pooler is in the way',
    explanation:
      'The address leads to a connection pooler at {host}: {reason}. Lockstep needs sessions of its own: settings, notifications, locks and prepared statements would be lost without an error.',
    next: 'Give the address and port of PostgreSQL itself. Readers of the mirror may use a pooler.',
  },
  'DB-21': {
    kind: 'permanent',
    title: 'The database holds another mirror',
    explanation: 'Its schema _lockstep belongs to the sync {sync}; a database holds one mirror.',
    next: 'Use another database, or delete that sync first. If there is none any more: lockstep db sql --undo',
  },
  'DB-24': {
    kind: 'needs-person',
    title: 'Something of yours depends on the mirror',
    explanation: '{reason}. Lockstep drops nothing that it has not made.',
    next: 'Drop or change what depends on it, then repeat: what is done stays done.',
  },
  'DB-22': {
    kind: 'permanent',
    title: 'Not an address of a database',
    explanation: '{host} is a link-local address, where machines find their own settings and keys.',
    next: "Give the database server's own address.",
  },
  'DB-23': {
    kind: 'needs-person',
    title: 'The reader may change the mirror',
    explanation: 'The reader must be able to read and nothing else: {reason}.',
    next: 'As the owner of the database, run the statement that lockstep db test shows.',
  },
  'DB-25': {
    kind: 'transient',
    title: 'SSH server does not answer',
    explanation:
      'The tunnel through {where} cannot be made ({reason}). Cursors are kept and nothing is lost.',
    next: 'Start the SSH server, or correct its address.',
  },
  'DB-26': {
    kind: 'needs-person',
    title: 'SSH server shows an unknown host key',
    explanation: 'The SSH server {where} shows the host key {key}, and {reason}. Nothing was sent to it.',
    next: 'If the administrator of the server confirms this key, give it (--tunnel-host-key, host_key); a sync takes it with lockstep db set. If a known server shows a new key, somebody else may be answering.',
  },
  'DB-27': {
    kind: 'needs-person',
    title: 'SSH server refuses the tunnel',
    explanation: 'The SSH server {where} refuses: {reason}.',
    next: "Add the public key to the user's authorized_keys, and allow connections to the database: AllowTcpForwarding, PermitOpen.",
  },
  'DB-28': {
    kind: 'permanent',
    title: 'The mirror is not in this database',
    explanation: 'The database holds no mirror of this sync.',
    next: 'Give the address of the database that the mirror was moved to, with its schemas: a replica that was promoted, or a copy by pg_dump. To begin with an empty database, create another sync.',
  },
} as const satisfies Record<string, FaultEntry>;
