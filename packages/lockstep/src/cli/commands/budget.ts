/** `budget show` and `budget set`: the pace of a sync, and where it stops so that requests are left for others. */
import { type SyncView, syncSchema, type Usage, usageSchema } from '../../contract/syncs.ts';
import { formatCount } from '../../core/plain-words.ts';
import { usageError } from '../../core/request-error.ts';
import { type Command, syncFlag } from '../arguments.ts';
import { chooseSync, pathOf } from '../choose-sync.ts';
import { findApi } from '../find-server.ts';
import { intervalOf } from '../terminal/interval.ts';
import { orgLines } from './usage.ts';

const dayMs = 86_400_000;
const help = 'lockstep help budget set';
const notIncluded = 'Requests through the proxy and their read-backs are not included.';

export const budgetShow: Command = {
  flags: { sync: syncFlag },
  async run(args, context) {
    const { output } = context;
    const api = await findApi(context);
    const sync = await chooseSync(api, args.text('sync'));
    const used = await api.get(`${pathOf(sync.id)}/usage`, usageSchema);
    const made = used.requests.reduce((sum, { last_day: lastDay }) => sum + lastDay, 0);
    if (output.wantsJson) {
      output.object({ ...budgetJson(sync), requests_last_day: made, org: used.org });
      return;
    }
    const lines = [
      budgetText(sync, used),
      `It has made ${formatCount(made)} in the last 24 h. ${notIncluded}`,
      ...orgLines(sync.name, used),
    ];
    for (const line of lines) output.data(output.pasteable(line));
  },
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
  async run(args, context) {
    const { output } = context;
    const every = args.text('every');
    if (every === undefined && !args.isSet('stop-at'))
      throw usageError('budget set needs --every or --stop-at', help);
    const change = {
      ...(every !== undefined && { interval_ms: intervalOf(every, help) }),
      ...(args.isSet('stop-at') && {
        stop_at_percent: args.number('stop-at', { min: 10, max: 100, otherwise: 90 }),
      }),
    };
    const api = await findApi(context);
    const { id } = await chooseSync(api, args.text('sync'));
    const sync = await api.patch(pathOf(id), change, syncSchema);
    if (output.wantsJson) output.object(budgetJson(sync));
    else output.data(budgetText(sync, await api.get(`${pathOf(id)}/usage`, usageSchema)));
    output.say(notIncluded);
  },
};

const requestsPerDay = ({ interval_ms: intervalMs }: SyncView) => Math.floor(dayMs / intervalMs);

const budgetJson = (sync: SyncView) => ({
  schema: 1,
  name: sync.name,
  interval_ms: sync.interval_ms,
  requests_per_day: requestsPerDay(sync),
  stop_at_percent: sync.stop_at_percent,
});

function budgetText(sync: SyncView, { org }: Usage): string {
  const { name, interval_ms: intervalMs, stop_at_percent: stopAtPercent } = sync;
  const most = requestsPerDay(sync);
  const share = org && org.max > 0 ? `, ${Math.round((most / org.max) * 100)} % of the org's` : '';
  return `${name}: one request every ${intervalMs / 1_000} s = at most ${formatCount(most)} requests a day${share}; stops when the org has used ${stopAtPercent} %.`;
}
