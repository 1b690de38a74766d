/** `audit`: who has changed what. */
import { systemClock } from '@lockstep/foundation/clock';
import { type AuditEntryView, auditPageSchema } from '../../contract/audit.ts';
import { timeOf, timeSince } from '../../core/plain-words.ts';
import { usageError } from '../../core/request-error.ts';
import type { Command } from '../arguments.ts';
import { findApi } from '../find-server.ts';
import { table } from '../terminal/output.ts';

const help = 'lockstep help audit';
const unitMs: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

export const audit: Command = {
  flags: {
    sync: {
      value: 'SYNC',
      description: 'Only what concerns this sync, by name or id; also if it is deleted.',
    },
    since: {
      value: 'TIME',
      description: 'From then on: 30m, 12h, 7d ago, or a time such as 2026-11-24T13:00:00Z.',
    },
    limit: { value: 'COUNT', description: 'At most so many entries, 1 to 500; 50 without it.' },
  },
  async run(args, context) {
    const { output } = context;
    const limit = args.number('limit', { min: 1, max: 500, otherwise: 50 });
    const query = new URLSearchParams({ limit: String(limit) });
    const [sync, since] = [args.text('sync'), args.text('since')];
    if (sync !== undefined) query.set('sync', sync.slice(0, 80));
    if (since !== undefined) query.set('since', timeGiven(since));
    const page = await (await findApi(context)).get(`/audit?${query.toString()}`, auditPageSchema);
    if (output.wantsJson) output.object({ schema: 1, items: page.items, is_cut: page.next !== null });
    else if (page.items.length === 0) output.say('No entry.');
    else output.data(auditTable(page.items, timeOf(page.as_of)));
    if (page.next !== null) output.say('There are older entries: --limit shows up to 500.');
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

function timeGiven(text: string): string {
  const [, count = '', unit = ''] = /^(\d{1,5})([mhd])$/.exec(text) ?? [];
  const ago = Number(count) * (unitMs[unit] ?? 0);
  const time = unit === '' ? Date.parse(text) : systemClock.now() - ago;
  if (Number.isNaN(time))
    throw usageError('--since takes 30m, 12h, 7d or a time such as 2026-11-24T13:00:00Z', help);
  return new Date(time).toISOString();
}
