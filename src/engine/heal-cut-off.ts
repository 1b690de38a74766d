import type { AppLog } from '../core/log-fields.ts';
import type { Destination, Mirror } from '../postgres/index.ts';

export interface HealDeps {
  log: AppLog;
  mirror: Mirror;
  tables: Destination['tables'];
  /** The processes that still finish their writes. */
  living: () => Promise<readonly string[]>;
  /** Objects, by name in lower case, that are to be read from W before now on. */
  wide: Set<string>;
}

/**
 * Settles the proxied writes that nobody finishes any more. One whose record is not known may have been committed at
 * any time since it was sent: its object is to be read from that far back.
 *
 * @param isStart  the writes of the living too: the database may have been away when they ended
 */
export async function healCutOff(
  { mirror, tables, wide, living, log }: HealDeps,
  isStart: boolean,
): Promise<void> {
  if (!(await mirror.hasOpenIntents())) return;
  const streamNos = new Map([...tables].map(([name, { stream }]) => [name, stream.streamNo]));
  const { healed, withoutId } = await mirror.healIntents(await living(), streamNos, isStart);
  for (const sobject of withoutId) wide.add(sobject);
  if (healed > 0) log.warn('writes that were cut off are read again', { rows: healed });
}
