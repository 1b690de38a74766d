/** `proxy list`: proxied writes and refused requests, and what became of them. */
import {
  type ProxyHoursView,
  type ProxyRequestView,
  proxyHoursSchema,
  proxyRequestsSchema,
} from '../../contract/proxy-requests.ts';
import { formatCount, timeOf, timeSince } from '../../core/plain-words.ts';
import { usageError } from '../../core/request-error.ts';
import type { ApiClient } from '../api-client.ts';
import { type Arguments, type Command, syncFlag } from '../arguments.ts';
import { chooseSync, pathOf } from '../choose-sync.ts';
import { findApi } from '../find-server.ts';
import { firstPage, pageFlags, showPages } from '../show-pages.ts';
import { table } from '../terminal/output.ts';
import { sinceFlag, timeGiven } from '../terminal/since.ts';

const help = 'lockstep help proxy list';

export const proxyList: Command = {
  flags: {
    sync: syncFlag,
    outcome: {
      value: 'OUTCOME',
      description: 'Only applied, pending, polled, "passed on", refused, unknown or "caller left".',
    },
    object: { value: 'OBJECT', description: 'Only of this object, by API name.' },
    since: sinceFlag,
    ...pageFlags,
    'by-hour': {
      description:
        'All requests, reads as well, counted by hour, method and outcome; without --since the last 24 hours.',
    },
  },
  async run(args, context) {
    const { output } = context;
    const query = queryOf(args);
    const api = await findApi(context);
    const { id, name } = await chooseSync(api, args.text('sync'));
    const path = `${pathOf(id)}/proxy-requests`;
    if (args.isSet('by-hour')) {
      const { items } = await api.get(`${path}/hours?${query.toString()}`, proxyHoursSchema);
      if (output.wantsJson) output.object({ schema: 1, name, items });
      else if (items.length === 0) output.say('No request.');
      else output.data(hoursTable(items));
      return;
    }
    await showPages(api, path, proxyRequestsSchema, {
      query,
      isAll: args.isSet('all'),
      output,
      more: { name },
      none: 'No write and no refused request.',
      textOf: ({ items, as_of: asOf }) => `${requestsTable(items, timeOf(asOf))}\n`,
    });
    if (!output.wantsJson) output.say(await lastDay(api, path));
  },
};

function queryOf(args: Arguments): URLSearchParams {
  const isByHour = args.isSet('by-hour');
  const surplus = ['outcome', 'object', ...Object.keys(pageFlags)].find((flag) => args.isSet(flag));
  if (isByHour && surplus !== undefined) throw usageError(`--${surplus} does not go with --by-hour`, help);
  const query = isByHour ? new URLSearchParams() : firstPage(args, help);
  const given = { outcome: args.text('outcome'), object: args.text('object') };
  for (const [name, value] of Object.entries(given)) if (value !== undefined) query.set(name, value);
  const since = args.text('since');
  if (since !== undefined) query.set('since', timeGiven(since, help));
  return query;
}

async function lastDay(api: ApiClient, path: string): Promise<string> {
  const { items: hours } = await api.get(`${path}/hours`, proxyHoursSchema);
  const all = hours.reduce((sum, { requests }) => sum + requests, 0);
  const byOutcome = Map.groupBy(hours, ({ outcome }) => outcome);
  const parts = [...byOutcome].map(
    ([outcome, some]) => `${formatCount(some.reduce((sum, one) => sum + one.requests, 0))} ${outcome}`,
  );
  return `In 24 hours ${formatCount(all)} requests${all === 0 ? '' : `: ${parts.join(', ')}`}.`;
}

const hoursTable = (items: ProxyHoursView['items']): string =>
  table(
    ['HOUR (UTC)', 'METHOD', 'OUTCOME', 'REQUESTS', 'AVERAGE MS'],
    items.map((one) => [
      one.hour.slice(0, 16).replace('T', ' '),
      one.method,
      one.outcome,
      formatCount(one.requests),
      formatCount(one.average_ms),
    ]),
    new Set([3, 4]),
  );

const requestsTable = (items: readonly ProxyRequestView[], now: number): string =>
  table(
    ['WHEN', 'METHOD', 'OBJECT', 'RECORD', 'OUTCOME', 'STATUS', 'MS', 'SALESFORCE', 'REQUEST'],
    items.map((one) => [
      timeSince(one.at, now),
      one.method,
      one.object ?? '–',
      one.record_id ?? '–',
      one.code === null ? one.outcome : `${one.outcome} (${one.code})`,
      String(one.status),
      formatCount(one.took_ms),
      formatCount(one.salesforce_ms),
      one.request_id,
    ]),
    new Set([6, 7]),
  );
