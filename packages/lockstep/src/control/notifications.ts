import type { Tx } from '@lockstep/foundation/database';
import type { SyncId } from '../core/ids.ts';
import type { BackfillComplete } from './mail-text.ts';
import { insertNotification, notificationChannel, notify } from './sql.ts';

/** The events that an e-mail reports, with the facts it needs. Counts and times only, never a record's value. */
export type EventBodies = { 'backfill-complete': BackfillComplete };

/**
 * Puts an e-mail into the outbox, once per sync and event however often it is called. In a transaction of the
 * control database, the e-mail is sent if and only if the transaction commits. True: it was the first call.
 */
export async function recordEvent<Event extends keyof EventBodies>(
  tx: Tx,
  syncId: SyncId,
  event: Event,
  body: EventBodies[Event],
): Promise<boolean> {
  const recorded = await insertNotification(tx, syncId, event, body);
  if (recorded.length > 0) await notify(tx, notificationChannel, event);
  return recorded.length > 0;
}
