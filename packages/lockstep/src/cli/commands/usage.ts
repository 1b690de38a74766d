/** `usage`: what a sync's requests are for, and how much of the org's daily allowance is used. */
import { type Usage, usageSchema } from '../../contract/syncs.ts';
import { Fault } from '../../core/faults.ts';
import { formatCount, timeOf, timeSince } from '../../core/plain-words.ts';
import { type Command, syncFlag } from '../arguments.ts';
import { chooseSync, pathOf } from '../choose-sync.ts';
import { findApi } from '../find-server.ts';
import { table } from '../terminal/output.ts';

export const usage: Command = {
  flags: { sync: syncFlag },
  async run(args, context) {
    const { output } = context;
    const api = await findApi(context);
    const { id, name } = await chooseSync(api, args.text('sync'));
    const used = await api.get(`${pathOf(id)}/usage`, usageSchema);
    if (output.wantsJson) output.object({ schema: 1, name, ...used });
    else output.data(output.pasteable(usageText(name, used)));
  },
};

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
