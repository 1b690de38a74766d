/** Deletes what is kept for a limited time, also where nothing happens that would ask for it. */
import { purgeAudit } from './audit-sql.ts';
import { type Control, errorCode } from './database.ts';
import { purgeKeys } from './idempotency-sql.ts';
import { closeExpiredSessions } from './session-sql.ts';
import { purgeSignIns } from './sign-in-sql.ts';

const everyMs = 3_600_000;

/** Once, and then each hour, until the signal aborts. */
export async function runExpiry(control: Control, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await deleteExpired(control).catch((error: unknown) =>
      control.log.warn('old entries not deleted', { host: control.host, code: errorCode(error) }),
    );
    await control.clock.sleep(everyMs, signal).catch(() => undefined);
  }
}

/** Entries of the audit log and ended sessions after 30 days, Idempotency-Keys after 24 hours, credentials that were only tried. */
export async function deleteExpired({ db }: Control): Promise<void> {
  for (const purge of [purgeAudit, purgeKeys, closeExpiredSessions, purgeSignIns]) await purge(db);
}
