/** `usage`: what a sync's requests are for, and how much of the org's daily allowance is used. */
import { readUsage, type Sync, type SyncUsage } from '../../control/index.ts';
import { Fault } from '../../core/faults.ts';
import { formatCount, timeSince } from '../../core/plain-words.ts';
import { readNow } from '../../operations/read-objects.ts';
import { percentOf, usageView } from '../../operations/usage-view.ts';
import { type Command, syncFlag } from '../arguments.ts';
import { chooseSync, withControl } from '../running.ts';
import { table } from '../terminal/output.ts';

export const usage: Command = {
  flags: { sync: syncFlag },
  run: (args, { config, output }) =>
    withControl(config, async (control) => {
      const sync = await chooseSync(control, args.text('sync'));
      const used = await readUsage(control, sync.id);
      if (output.wantsJson) output.object({ schema: 1, name: sync.name, ...usageView(sync, used) });
      else output.data(output.pasteable(usageText(sync, used, await readNow(control.db))));
    }),
};

type Line = Pick<Sync, 'name' | 'stopAtPercent'>;

export function usageText(sync: Line, { purposes, queries, org }: SyncUsage, now: number): string {
  const sum = (of: 'lastHour' | 'lastDay') => purposes.reduce((total, one) => total + one[of], 0);
  const requests = [
    ...purposes.map(({ purpose, lastHour, lastDay }) => [
      purpose,
      formatCount(lastHour),
      formatCount(lastDay),
    ]),
    ['all', formatCount(sum('lastHour')), formatCount(sum('lastDay'))],
  ];
  const asked = queries.map(({ sobject, kind, queries, rows }) => [
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
    ...orgLines(sync, org, now),
    '',
  ].join('\n');
}

/** What the org has used, and what that means for the sync. */
export function orgLines({ name, stopAtPercent }: Line, org: SyncUsage['org'], now: number): string[] {
  if (!org) return ['Salesforce has not said yet how many requests the org has used.'];
  const figures = `${formatCount(org.used)} of ${formatCount(org.max)} requests`;
  const percent = percentOf(org);
  const line = `The org has used ${figures} of 24 h (${percent} %), by all programs together, as of ${timeSince(org.recordedAt, now)}; ${name} stops at ${stopAtPercent} %.`;
  if (percent < stopAtPercent) return [line];
  const { code, message, next } = new Fault('LIM-02', {
    reason: `${figures}, the line is ${stopAtPercent} %`,
  });
  return [line, `${code}: ${message}`, `next: ${next}`];
}
