/** `status`: whether each sync runs, what it waits for, and the state of each of its objects. */
import { checkSchema, type ObjectView, type SyncView, snapshotSchema } from '../../contract/syncs.ts';
import { systemSchema } from '../../contract/system.ts';
import { formatCount, timeOf, timeSince } from '../../core/plain-words.ts';
import { usageError } from '../../core/request-error.ts';
import { isReading } from '../../core/states.ts';
import { publicDatabasesText } from '../../postgres/index.ts';
import type { ApiClient } from '../api-client.ts';
import { type Arguments, type Command, syncFlag } from '../arguments.ts';
import { chooseSyncs, pathOf } from '../choose-sync.ts';
import { findApi } from '../find-server.ts';
import { parseDuration } from '../terminal/duration.ts';
import { exitCodes } from '../terminal/exit-codes.ts';
import { findingLines } from '../terminal/finding-lines.ts';
import { type Output, table } from '../terminal/output.ts';

export const status: Command = {
  flags: {
    sync: syncFlag,
    check: {
      description:
        'End with code 3 and the reasons unless every sync runs and every object is complete, up to date and without gaps.',
    },
    'max-age': {
      value: 'TIME',
      description: 'With --check: also fail if an object was last read longer ago than this, such as 60s.',
    },
  },
  async run(args, context) {
    const { output } = context;
    const maxAgeMs = maxAgeOf(args);
    const api = await findApi(context);
    const syncs = await chooseSyncs(api, args.text('sync'));
    const { public_databases } = await api.get('/system', systemSchema);
    const items: object[] = [];
    for (const { id } of syncs) {
      const { sync, objects, as_of: asOf } = await api.get(`${pathOf(id)}/snapshot`, snapshotSchema);
      if (output.wantsJson) items.push({ ...sync, objects });
      else output.data(output.pasteable(statusText(sync, objects, timeOf(asOf))));
    }
    if (output.wantsJson) output.object({ schema: 1, items, public_databases });
    if (args.isSet('check')) return check(api, syncs, maxAgeMs, output);
    if (!output.wantsJson && public_databases.length > 0) output.say(publicDatabasesText(public_databases));
    return 0;
  },
};

function maxAgeOf(args: Arguments): number | undefined {
  const text = args.text('max-age');
  if (text === undefined) return undefined;
  const help = 'lockstep help status';
  if (!args.isSet('check')) throw usageError('--max-age belongs to --check', help);
  const ms = parseDuration(text);
  if (ms === undefined) throw usageError('--max-age takes a time such as 60s, 5m or 1h', help);
  return ms;
}

async function check(
  api: ApiClient,
  syncs: readonly SyncView[],
  maxAgeMs: number | undefined,
  output: Output,
): Promise<number> {
  const query = maxAgeMs === undefined ? '' : `?max_age_ms=${maxAgeMs}`;
  const checks = await Promise.all(
    syncs.map(({ id }) => api.get(`${pathOf(id)}/check${query}`, checkSchema)),
  );
  for (const { reasons } of checks) for (const reason of reasons) output.say(`not healthy: ${reason}`);
  for (const { notes } of checks) for (const note of notes) output.say(note);
  return checks.every(({ is_healthy: isHealthy }) => isHealthy) ? 0 : exitCodes['not healthy'];
}

const methodWord = ({ backfill_by: by }: ObjectView): string => (by === 'bulk' ? 'Bulk' : (by ?? '–'));

/** @param now  the mirror server's time, in milliseconds since 1970 */
export function statusText(sync: SyncView, objects: readonly ObjectView[], now: number): string {
  const { name, headline, details, findings } = sync;
  const isCopying = objects.some(
    ({ backfill_percent: percent, state }) => percent < 100 && state !== 'stopped',
  );
  const rows = objects.map((object) => [
    object.sobject,
    object.state_word,
    formatCount(object.rows),
    ...(isCopying ? [object.rows_expected === null ? '–' : formatCount(object.rows_expected)] : []),
    ...(isCopying ? [String(object.backfill_percent)] : []),
    ...(isCopying ? [methodWord(object)] : []),
    timeSince(object.read_until, now),
    timeSince(object.settled_until, now),
  ]);
  const headers = [
    'OBJECT',
    'STATE',
    'ROWS',
    ...(isCopying ? ['EXPECTED', '%', 'BY'] : []),
    'READ',
    'SETTLED',
  ];
  const indent = ' '.repeat(name.length + 2);
  const head = [
    `${name}  ${headline}`,
    ...[...details, `org ${sync.org_id}, id ${sync.id}`].map((line) => `${indent}${line}`),
    '',
  ];
  if (sync.mirror_fault) return [...head, 'The state of its objects is not known.', ''].join('\n');
  const inHead = isReading(sync.state) ? 1 : 0; // its headline says the worst
  return [
    ...head,
    table(headers, rows, new Set(headers.map((_, column) => column).slice(2))),
    '',
    ...findings.slice(inHead).flatMap((finding) => [...findingLines(finding), '']),
    'READ: changes were read up to then. SETTLED: no change from before then can still arrive.',
    '',
  ].join('\n');
}
