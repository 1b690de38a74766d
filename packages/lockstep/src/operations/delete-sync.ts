/** Deletes a sync with its mirror. Each step may be repeated, so an interrupted deletion is finished by the next one. */
import { beginDeleting, type Control, eraseSync, type Sync } from '../control/index.ts';
import { databaseFault, destinationNames, dropPrivateDatabase } from '../postgres/index.ts';
import { untilReleased } from './until-released.ts';

/** What deleting a sync erases, and what it leaves. */
export function deletionOf({ id, orgId }: Pick<Sync, 'id' | 'orgId'>): { erases: string[]; keeps: string[] } {
  const { database, ...roles } = destinationNames(id);
  return {
    erases: [
      `the database ${database}, with every table, view and index in it, also those of your own`,
      `the roles ${Object.values(roles).join(', ')}: whoever is connected as one of them is cut off`,
      'the credential, the settings, what was requested and counted of it',
      'its address at the proxy: clients get 404 (PRX-01)',
    ],
    keeps: [
      `everything in the org ${orgId}: Lockstep deletes nothing in Salesforce`,
      'the app in Salesforce that the credential belongs to: delete or block it there',
      'the log files, which contain no data',
    ],
  };
}

/**
 * @throws {@link Fault} `SYS-19`: a worker does not let it go; `DB-nn`. Repeat it then: what is done stays done.
 */
export async function deleteSync(control: Control, sync: Sync, signal: AbortSignal): Promise<void> {
  await beginDeleting(control, sync.id);
  await untilReleased(control, sync, signal);
  try {
    await dropPrivateDatabase(control.db, sync.id);
  } catch (error) {
    throw databaseFault(error, control.host) ?? error;
  }
  await eraseSync(control, sync.id); // last, so that an interrupted deletion can be found and finished
}
