import type { Clock } from '@lockstep/foundation/clock';
import type { AppLog } from '../../core/log-fields.ts';
import type { Destination, Mirror } from '../../postgres/index.ts';
import type { Mailbox } from '../run/mailbox.ts';

export interface RecoveryDeps {
  clock: Clock;
  log: AppLog;
  mirror: Mirror;
  tables: Destination['tables'];
  /** The processes that are alive and still finish their writes. */
  living: () => Promise<readonly string[]>;
  mailbox: Pick<Mailbox, 'post'>;
}

/**
 * Recovers the proxied writes that no process will finish. A write whose record is not known may have been committed
 * at any time since it was sent, so its object is read from then on.
 *
 * @param isStart  includes open writes of living processes: the database may have been away when they ended
 */
export async function recoverUnfinishedWrites(
  { clock, mirror, tables, mailbox, living, log }: RecoveryDeps,
  isStart: boolean,
): Promise<void> {
  if (!(await mirror.hasOpenIntents())) return;
  const streamNos = new Map([...tables].map(([name, { stream }]) => [name, stream.streamNo]));
  const { recovered, withoutId } = await mirror.recoverIntents(await living(), streamNos, isStart);
  for (const [sobject, age] of withoutId)
    mailbox.post({ kind: 'poll since', sobjects: [sobject], sentAt: clock.now() - age * 1_000 });
  if (recovered > 0) log.warn('reading unfinished writes again', { rows: recovered });
}
