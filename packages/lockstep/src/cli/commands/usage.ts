/** `usage`: what a sync's requests are for, and how much of the org's daily allowance is used. */
import type { z } from 'zod';
import type { SyncView } from '../../contract/syncs.ts';
import { type Usage, usageSchema } from '../../contract/syncs.ts';
import { type UsageHourView, usageHoursSchema } from '../../contract/usage-hours.ts';
import { Fault } from '../../core/faults.ts';
import { formatCount, timeOf, timeSince } from '../../core/plain-words.ts';
import { usageError } from '../../core/request-error.ts';
import type { ApiClient } from '../api-client.ts';
import { type Command, syncFlag } from '../arguments.ts';
import { chooseSync, pathOf } from '../choose-sync.ts';
import { findApi } from '../find-server.ts';
import { type Output, table } from '../terminal/output.ts';
import { sinceFlag, timeGiven } from '../terminal/since.ts';

const help = 'lockstep help usage';

export const usage: Command = {
  flags: {
    sync: syncFlag,
    'by-hour': { description: 'By hour, purpose and object, the newest hour first.' },
    since: {
      ...sinceFlag,
      description: `With --by-hour. ${sinceFlag.description} Without it the last 24 hours.`,
    },
  },
  async run(args, context) {
    const { output } = context;
    const api = await findApi(context);
    const { id, name } = await chooseSync(api, args.text('sync'));
    const since = args.text('since');
    if (args.isSet('by-hour')) return byHour(api, { id, name }, since, output);
    if (since !== undefined) throw usageError('--since belongs to --by-hour', help);
    const used = await api.get(`${pathOf(id)}/usage`, usageSchema);
    if (output.wantsJson) output.object({ schema: 1, name, ...used });
    else output.data(output.pasteable(usageText(name, used)));
  },
};

async function byHour(
  api: ApiClient,
  { id, name }: Pick<SyncView, 'id' | 'name'>,
  since: string | undefined,
  output: Output,
): Promise<void> {
  const items: UsageHourView[] = [];
  const query = new URLSearchParams({ limit: '5000' });
  if (since !== undefined) query.set('since', timeGiven(since, help));
  let page: z.infer<typeof usageHoursSchema>;
  do {
    page = await api.get(`${pathOf(id)}/usage/hours?${query.toString()}`, usageHoursSchema);
    items.push(...page.items);
    if (page.next !== null) query.set('after', page.next);
  } while (page.next !== null);
  if (output.wantsJson) return output.object({ schema: 1, name, items, org: page.org });
  if (items.length === 0) return output.say('No request.');
  output.data(hoursText(items));
}

function hoursText(items: readonly UsageHourView[]): string {
  const rows = items.map(({ hour, purpose, object, requests, queries, rows: read }) => [
    hour.slice(0, 16).replace('T', ' '),
    purpose,
    object ?? '–',
    formatCount(requests),
    formatCount(queries),
    formatCount(read),
  ]);
  const headers = ['HOUR (UTC)', 'PURPOSE', 'OBJECT', 'REQUESTS', 'QUERIES', 'ROWS'];
  return [
    table(headers, rows, new Set([3, 4, 5])),
    '',
    'Queries of several objects share a request. –: requests that are not for one object, and those that failed.',
    '',
  ].join('\n');
}

export function usageText(name: string, used: Usage): string {
  const sum = (of: 'last_hour' | 'last_day') => used.requests.reduce((total, one) => total + one[of], 0);
  const requests = [
    ...used.requests.map(({ purpose, last_hour, last_day }) => [
      purpose,
      formatCount(last_hour),
      formatCount(last_day),
    ]),
    ['all', formatCount(sum('last_hour')), formatCount(sum('last_day'))],
  ];
  const asked = used.queries.map(({ sobject, kind, queries, rows }) => [
    sobject,
    kind,
    formatCount(queries),
    formatCount(rows),
  ]);
  return [
    table(['REQUESTS', 'LAST HOUR', '24 HOURS'], requests, new Set([1, 2])),
    '',
    ...(asked.length > 0 ? [table(['OBJECT', 'KIND', 'QUERIES', 'ROWS'], asked, new Set([2, 3])), ''] : []),
    'A request carries up to five queries. QUERIES and ROWS cover this hour and the 23 before it.',
    ...orgLines(name, used),
    '',
  ].join('\n');
}

/** What the org has used, and what that means for the sync. */
export function orgLines(name: string, { org, stop_at_percent: stopAt, as_of: asOf }: Usage): string[] {
  if (!org) return ['Salesforce has not said yet how many requests the org has used.'];
  const figures = `${formatCount(org.used)} of ${formatCount(org.max)} requests`;
  const line = `The org has used ${figures} of 24 h (${org.percent} %), by all programs together, as of ${timeSince(org.recorded_at, timeOf(asOf))}; ${name} stops at ${stopAt} %.`;
  if (org.percent < stopAt) return [line];
  const { code, message, next } = new Fault('LIM-02', { reason: `${figures}, the line is ${stopAt} %` });
  return [line, `${code}: ${message}`, `next: ${next}`];
}
