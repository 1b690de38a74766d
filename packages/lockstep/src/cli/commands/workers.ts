/** `workers`: the processes that run syncs. */
import { type WorkerView, workersSchema } from '../../contract/workers.ts';
import { timeOf, timeSince, timeUntil } from '../../core/plain-words.ts';
import type { Command } from '../arguments.ts';
import { findApi } from '../find-server.ts';
import { table } from '../terminal/output.ts';

export const workers: Command = {
  async run(_args, context) {
    const { output } = context;
    const { items, as_of: asOf } = await (await findApi(context)).get('/workers', workersSchema);
    if (output.wantsJson) output.object({ schema: 1, items });
    else if (items.length === 0) output.say('No process runs syncs. next: lockstep start');
    else output.data(workersText(items, timeOf(asOf)));
  },
};

function workersText(items: readonly WorkerView[], now: number): string {
  const rows = items.flatMap(({ id, started_at: startedAt, alive_until: aliveUntil, syncs }) => {
    const worker = [id, timeSince(startedAt, now), timeUntil(aliveUntil, now)];
    if (syncs.length === 0) return [[...worker, '–', '', '']];
    return syncs.map(({ name, epoch, claimed_at: claimedAt }, index) => [
      ...(index === 0 ? worker : ['', '', '']),
      name,
      String(epoch),
      timeSince(claimedAt, now),
    ]);
  });
  return table(['WORKER', 'STARTED', 'ALIVE UNTIL', 'SYNC', 'LEASE', 'SINCE'], rows, new Set([4]));
}
