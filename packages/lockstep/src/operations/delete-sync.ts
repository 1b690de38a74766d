/** Deletes a sync with its mirror. Each step may be repeated, so an interrupted deletion is finished by the next one. */
import {
  beginDeleting,
  type Control,
  eraseSync,
  readSync,
  type Sync,
  withChangeLock,
} from '../control/index.ts';
import { hostOf } from '../core/own-database.ts';
import { usageError } from '../core/request-error.ts';
import { destinationNames, dropPrivateDatabase } from '../postgres/index.ts';
import { checkRemovalOf, formerDatabase, removeMirrorOf } from './make-destination.ts';
import { untilReleased } from './until-released.ts';

export interface Deletion {
  erases: string[];
  keeps: string[];
}

/**
 * @param keepsMirror  for a database that a person owns: nothing is done there
 * @param former  a private database that the mirror has left
 */
export function deletionOf(
  { id, orgId, destination }: Pick<Sync, 'id' | 'orgId' | 'destination'>,
  keepsMirror = false,
  former: string | null = null,
): Deletion {
  const mirror =
    destination.kind === 'private'
      ? privateMirror(id)
      : ownMirror(hostOf(destination.address), destination, keepsMirror);
  return {
    erases: [
      ...mirror.erases,
      ...(former === null ? [] : privateMirror(id).erases),
      'the credential, the settings, what was requested, counted and told of it, e-mails that wait to be sent',
      'its address at the proxy: clients get 404 (PRX-01)',
    ],
    keeps: [
      ...mirror.keeps,
      `everything in the org ${orgId}: Lockstep deletes nothing in Salesforce`,
      'the app in Salesforce that the credential belongs to: delete or block it there',
      'in the audit log, for 30 days: who has changed what of it, with its name and id',
      'for 24 hours: the Idempotency-Keys of requests, with the answers, which name it',
      'key pairs for the JWT bearer flow that were made here: lockstep jwt-key delete',
      'the log files, for 30 days, which name it and contain no data',
      "in the database server's own files, such as its write-ahead log: what it has not yet written over",
    ],
  };
}

function privateMirror(id: Sync['id']): Deletion {
  const { database, ...roles } = destinationNames(id);
  return {
    erases: [
      `the database ${database}, with every table, view and index in it, also those of your own`,
      `the roles ${Object.values(roles).join(', ')}: whoever is connected as one of them is cut off`,
    ],
    keeps: [],
  };
}

function ownMirror(
  host: string,
  { database, tableSchema }: Sync['destination'],
  keepsMirror: boolean,
): Deletion {
  const place = `the database ${database} at ${host}`;
  const roles = 'the roles of the mirror; to remove them too: lockstep db sql --undo';
  if (keepsMirror) return { erases: [], keeps: [`${place} as it is, with the mirror in it`, roles] };
  return {
    erases: [
      `in ${place}: the sync's own tables in the schema ${tableSchema}, the schema _lockstep, and the schema ${tableSchema} if nothing else is in it`,
    ],
    keeps: [
      `${place} itself, with all other tables, and those of objects removed with their table kept`,
      roles,
    ],
  };
}

/**
 * What {@link deleteSync} would do.
 *
 * @throws RequestError: the mirror cannot be kept; Fault `DB-nn`: its database cannot be reached, or does not let it go
 */
export async function checkDeletion(control: Control, sync: Sync, keepsMirror: boolean): Promise<Deletion> {
  if (keepsMirror && sync.destination.kind === 'private')
    throw usageError('A private database goes with its sync', 'lockstep help sync delete');
  if (!keepsMirror) await checkRemovalOf(control, sync);
  return deletionOf(sync, keepsMirror, await formerDatabase(control, sync));
}

/**
 * Refused by {@link checkDeletion}, it changes nothing; later failures leave a sync that is being deleted.
 *
 * @param keepsMirror  only for a database that a person owns, which may be gone for good
 * @throws as {@link checkDeletion}; {@link Fault} `SYS-19`: a worker does not let it go; `SYS-23`; `DB-nn`. Repeat it then: what is done stays done.
 */
export async function deleteSync(
  control: Control,
  sync: Sync,
  signal: AbortSignal,
  keepsMirror = false,
): Promise<Deletion> {
  const deletion = await checkDeletion(control, sync, keepsMirror);
  await beginDeleting(control, sync.id);
  await untilReleased(control, sync, signal);
  await withChangeLock(control, sync.id, async () => {
    if (!(await readSync(control, sync.id))) return; // somebody else has deleted it
    if (!keepsMirror) await removeMirrorOf(control, sync);
    if (sync.destination.kind === 'own') await dropPrivateDatabase(control.db, sync.id); // that it has left
    await eraseSync(control, sync.id); // last, so that an interrupted deletion can be found and finished
  });
  return deletion;
}
