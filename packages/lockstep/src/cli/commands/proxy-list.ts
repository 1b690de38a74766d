/** `proxy list`: proxied writes and refused requests, and what became of them. */
import {
  type ProxyRequestView,
  proxyHoursSchema,
  proxyRequestsSchema,
} from '../../contract/proxy-requests.ts';
import { formatCount, timeOf, timeSince } from '../../core/plain-words.ts';
import { type Command, syncFlag } from '../arguments.ts';
import { chooseSync, pathOf } from '../choose-sync.ts';
import { findApi } from '../find-server.ts';
import { table } from '../terminal/output.ts';
import { sinceFlag, timeGiven } from '../terminal/since.ts';

export const proxyList: Command = {
  flags: {
    sync: syncFlag,
    outcome: {
      value: 'OUTCOME',
      description: 'Only applied, pending, polled, "passed on", refused, unknown or "caller left".',
    },
    object: { value: 'OBJECT', description: 'Only of this object, by API name.' },
    since: sinceFlag,
    limit: { value: 'COUNT', description: 'At most so many requests, 1 to 500; 50 without it.' },
  },
  async run(args, context) {
    const { output } = context;
    const limit = args.number('limit', { min: 1, max: 500, otherwise: 50 });
    const query = new URLSearchParams({ limit: String(limit) });
    const given = { outcome: args.text('outcome'), object: args.text('object') };
    for (const [name, value] of Object.entries(given)) if (value !== undefined) query.set(name, value);
    const since = args.text('since');
    if (since !== undefined) query.set('since', timeGiven(since, 'lockstep help proxy list'));
    const api = await findApi(context);
    const { id, name } = await chooseSync(api, args.text('sync'));
    const path = `${pathOf(id)}/proxy-requests`;
    const page = await api.get(`${path}?${query.toString()}`, proxyRequestsSchema);
    if (output.wantsJson)
      return output.object({ schema: 1, name, items: page.items, is_cut: page.next !== null });
    const { items: hours } = await api.get(`${path}/hours`, proxyHoursSchema);
    if (page.items.length > 0) output.data(`${requestsTable(page.items, timeOf(page.as_of))}\n`);
    else output.say('No write and no refused request.');
    const all = hours.reduce((sum, { requests }) => sum + requests, 0);
    const byOutcome = Map.groupBy(hours, ({ outcome }) => outcome);
    const parts = [...byOutcome].map(
      ([outcome, some]) => `${formatCount(some.reduce((sum, one) => sum + one.requests, 0))} ${outcome}`,
    );
    output.say(`In 24 hours ${formatCount(all)} requests${all === 0 ? '' : `: ${parts.join(', ')}`}.`);
    if (page.next !== null) output.say('There are older ones: --limit shows up to 500.');
  },
};

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
