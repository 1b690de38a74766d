/** `audit`: who has changed what. */
import { type AuditEntryView, auditPageSchema } from '../../contract/audit.ts';
import { timeOf, timeSince } from '../../core/plain-words.ts';
import type { Command } from '../arguments.ts';
import { findApi } from '../find-server.ts';
import { firstPage, pageFlags, showPages } from '../show-pages.ts';
import { table } from '../terminal/output.ts';
import { sinceFlag, timeGiven } from '../terminal/since.ts';

const help = 'lockstep help audit';

export const audit: Command = {
  flags: {
    sync: {
      value: 'SYNC',
      description: 'Only what concerns this sync, by name or id; also if it is deleted.',
    },
    since: sinceFlag,
    ...pageFlags,
  },
  async run(args, context) {
    const query = firstPage(args, help);
    const [sync, since] = [args.text('sync'), args.text('since')];
    if (sync !== undefined) query.set('sync', sync.slice(0, 80));
    if (since !== undefined) query.set('since', timeGiven(since, help));
    await showPages(await findApi(context), '/audit', auditPageSchema, {
      query,
      isAll: args.isSet('all'),
      output: context.output,
      none: 'No entry.',
      textOf: ({ items, as_of: asOf }) => auditTable(items, timeOf(asOf)),
    });
  },
};

const auditTable = (entries: readonly AuditEntryView[], now: number): string =>
  table(
    ['WHEN', 'WHO', 'FROM', 'WHAT', 'SYNC', 'DETAILS'],
    entries.map((entry) => [
      timeSince(entry.at, now),
      entry.who,
      entry.address ?? '',
      entry.refusal === null ? entry.operation : `${entry.operation} refused (${entry.refusal})`,
      entry.sync?.name ?? '',
      detailsOf(entry),
    ]),
    new Set(),
  );

/** `interval_ms 3000 → 1000`. */
function detailsOf({ thing, before, after }: AuditEntryView): string {
  const changes = Object.entries(after ?? {}).map(([name, value]) => {
    const was = before && name in before ? `${shown(before[name])} → ` : '';
    return `${name} ${was}${shown(value)}`;
  });
  return [...(thing === null ? [] : [thing]), ...changes].join(', ');
}

const shown = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));
