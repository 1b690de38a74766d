/** `freshness`: how far each table was behind Salesforce. */
import { type FreshnessView, freshnessPageSchema } from '../../contract/freshness.ts';
import { duration, formatCount } from '../../core/plain-words.ts';
import { type Command, syncFlag } from '../arguments.ts';
import { chooseSync, pathOf } from '../choose-sync.ts';
import { findApi } from '../find-server.ts';
import { table } from '../terminal/output.ts';
import { sinceFlag, timeGiven } from '../terminal/since.ts';

export const freshness: Command = {
  flags: {
    sync: syncFlag,
    since: { ...sinceFlag, description: `${sinceFlag.description} Without it the last 24 hours.` },
    object: { value: 'OBJECT', description: 'Only this object, by API name.' },
    'by-hour': { description: 'Each hour by itself, the newest first.' },
  },
  async run(args, context) {
    const { output } = context;
    const api = await findApi(context);
    const { id, name } = await chooseSync(api, args.text('sync'));
    const query = new URLSearchParams({ limit: '5000', by: args.isSet('by-hour') ? 'hour' : 'object' });
    const [since, object] = [args.text('since'), args.text('object')];
    if (since !== undefined) query.set('since', timeGiven(since, 'lockstep help freshness'));
    if (object !== undefined) query.set('object', object);
    const items: FreshnessView[] = [];
    for (let next: string | null = ''; next !== null; ) {
      if (next !== '') query.set('after', next);
      const page = await api.get(`${pathOf(id)}/freshness?${query.toString()}`, freshnessPageSchema);
      items.push(...page.items);
      next = page.next;
    }
    if (output.wantsJson) output.object({ schema: 1, name, items });
    else if (items.length === 0)
      output.say('No sample: one is taken each minute while a worker runs the sync.');
    else output.data(freshnessText(items));
  },
};

function freshnessText(items: readonly FreshnessView[]): string {
  const isByHour = items.some(({ hour }) => hour !== null);
  const rows = items.map(({ hour, object, samples, p50_ms: p50, p95_ms: p95, max_ms: max }) => [
    ...(isByHour ? [(hour ?? '').slice(0, 16).replace('T', ' ')] : []),
    object,
    duration(p50),
    duration(p95),
    duration(max),
    formatCount(samples),
  ]);
  const headers = [...(isByHour ? ['HOUR (UTC)'] : []), 'OBJECT', 'HALF', '95 %', 'WORST', 'SAMPLES'];
  const right = new Set([1, 2, 3, 4].map((column) => column + (isByHour ? 1 : 0)));
  return [
    table(headers, rows, right),
    '',
    'How far behind Salesforce each table was, sampled each minute while a worker runs the sync: half of the time, 95 % of the time, and at worst.',
    '',
  ].join('\n');
}
