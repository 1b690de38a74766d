/** `budget show` and `budget set`: the pace of a sync, and where it stops so that requests are left for others. */
import { readUsage, type Sync, type SyncUsage } from '../../control/index.ts';
import { formatCount } from '../../core/plain-words.ts';
import { usageError } from '../../core/request-error.ts';
import { changeSync } from '../../operations/change-sync.ts';
import { readNow } from '../../operations/read-objects.ts';
import { orgView } from '../../operations/usage-view.ts';
import { type Command, syncFlag } from '../arguments.ts';
import { chooseSync, withControl } from '../running.ts';
import { intervalOf } from '../terminal/interval.ts';
import { orgLines } from './usage.ts';

const dayMs = 86_400_000;
const help = 'lockstep help budget set';
const notIncluded = 'Requests through the proxy and their read-backs are not included.';

export const budgetShow: Command = {
  flags: { sync: syncFlag },
  run: (args, { config, output }) =>
    withControl(config, async (control) => {
      const sync = await chooseSync(control, args.text('sync'));
      const { org, purposes } = await readUsage(control, sync.id);
      const made = purposes.reduce((sum, { lastDay }) => sum + lastDay, 0);
      if (output.wantsJson) {
        output.object({ ...budgetJson(sync), requests_last_day: made, org: orgView(org) });
        return;
      }
      const lines = [
        budgetText(sync, org),
        `It has made ${formatCount(made)} in the last 24 h. ${notIncluded}`,
        ...orgLines(sync, org, await readNow(control.db)),
      ];
      for (const line of lines) output.data(output.pasteable(line));
    }),
};

export const budgetSet: Command = {
  flags: {
    sync: syncFlag,
    every: {
      value: 'TIME',
      description: 'Time between two requests that the sync starts by itself, 0.2s to 300s.',
    },
    'stop-at': {
      value: 'PERCENT',
      description:
        "The sync waits once all programs together have used this share of the org's daily requests, 10 to 100.",
    },
  },
  async run(args, { config, output }) {
    const every = args.text('every');
    if (every === undefined && !args.isSet('stop-at'))
      throw usageError('budget set needs --every or --stop-at', help);
    const intervalMs = every === undefined ? undefined : intervalOf(every, help);
    const stopAtPercent = args.isSet('stop-at')
      ? args.number('stop-at', { min: 10, max: 100, otherwise: 90 })
      : undefined;
    await withControl(config, async (control) => {
      const sync = await changeSync(control, await chooseSync(control, args.text('sync')), {
        ...(intervalMs !== undefined && { intervalMs }),
        ...(stopAtPercent !== undefined && { stopAtPercent }),
      });
      if (output.wantsJson) output.object(budgetJson(sync));
      else output.data(budgetText(sync, (await readUsage(control, sync.id)).org));
      output.say(notIncluded);
    });
  },
};

const requestsPerDay = ({ intervalMs }: Sync) => Math.floor(dayMs / intervalMs);

const budgetJson = (sync: Sync) => ({
  schema: 1,
  name: sync.name,
  interval_ms: sync.intervalMs,
  requests_per_day: requestsPerDay(sync),
  stop_at_percent: sync.stopAtPercent,
});

function budgetText(sync: Sync, org: SyncUsage['org']): string {
  const { name, intervalMs, stopAtPercent } = sync;
  const most = requestsPerDay(sync);
  const share = org && org.max > 0 ? `, ${Math.round((most / org.max) * 100)} % of the org's` : '';
  return `${name}: one request every ${intervalMs / 1_000} s = at most ${formatCount(most)} requests a day${share}; stops when the org has used ${stopAtPercent} %.`;
}
