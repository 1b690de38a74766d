/** `objects set-aside`: lists the records that PostgreSQL cannot hold as they are, with reasons, or retries them. */

import { shellWord } from '@lockstep/foundation/shell-words';
import { recordsMax } from '../../contract/operations.ts';
import { retriedSchema, type SetAside, type SyncView, setAsideSchema } from '../../contract/syncs.ts';
import { counted, formatCount, timeOf, timeSince, timeUntil } from '../../core/plain-words.ts';
import { usageError } from '../../core/request-error.ts';
import { setAsidePlace, setAsideRemedy } from '../../operations/set-aside-words.ts';
import type { ApiClient } from '../api-client.ts';
import { type Command, syncFlag } from '../arguments.ts';
import { chooseSync, pathOf } from '../choose-sync.ts';
import { findApi } from '../find-server.ts';
import { type Output, table } from '../terminal/output.ts';

const shownByDefault = 100;
const shownMax = 100_000;

export const objectsSetAside: Command = {
  positionals: { shown: '[OBJECT…]', min: 0, max: 1_000 },
  flags: {
    sync: syncFlag,
    limit: { value: 'N', description: `How many records to list (default ${shownByDefault}).` },
    retry: {
      description: `Reads them and tries to store them again now, up to ${formatCount(recordsMax)} of each object.`,
    },
  },
  async run(args, context) {
    if (args.isSet('retry') && args.isSet('limit'))
      throw usageError('--limit applies to the list, not to --retry', 'lockstep help objects set-aside');
    const limit = args.number('limit', { min: 1, max: shownMax, otherwise: shownByDefault });
    const api = await findApi(context);
    const sync = await chooseSync(api, args.text('sync'));
    if (args.isSet('retry')) await retry(api, sync, args.words, context.output);
    else await list(api, sync, args.words, limit, context.output);
  },
};

async function list(
  api: ApiClient,
  sync: SyncView,
  objects: readonly string[],
  limit: number,
  output: Output,
): Promise<void> {
  const only = objects.length > 0 ? `&objects=${encodeURIComponent(objects.join(','))}` : '';
  const seen = await api.get(`${pathOf(sync.id)}/set-aside?limit=${limit}${only}`, setAsideSchema);
  if (output.wantsJson) output.object({ schema: 1, name: sync.name, ...seen });
  else if (seen.groups.length === 0) output.data(`${sync.name}: no records are set aside.`);
  else output.data(output.pasteable(setAsideText(sync, seen)));
}

function setAsideText(
  { name }: Pick<SyncView, 'name'>,
  { rows, groups, items, as_of: asOf }: SetAside,
): string {
  const now = timeOf(asOf);
  const grouped = groups.map(({ sobject, column_name: column, rows, reason }) => [
    sobject,
    setAsidePlace(column),
    formatCount(rows),
    reason,
  ]);
  const listed = items.map((record) => [
    record.sobject,
    record.id,
    setAsidePlace(record.column_name),
    timeSince(record.first_seen_at, now),
    formatCount(record.tries),
    record.retry_at === null ? '–' : timeUntil(record.retry_at, now),
    record.reason,
  ]);
  const more = rows - items.length;
  const headers = ['OBJECT', 'ID', 'COLUMN', 'FIRST SEEN', 'TRIES', 'NEXT TRY', 'REASON'];
  const [first] = groups;
  const [one] = items;
  return [
    table(['OBJECT', 'COLUMN', 'RECORDS', 'REASON'], grouped, new Set([2])),
    '',
    table(headers, listed, new Set([3, 4, 5])),
    ...(more > 0 ? [`${formatCount(more)} more; list them with --limit ${rows}.`] : []),
    '',
    'The mirror has their last storable version, or none; everything else is up to date. Lockstep retries them by itself.',
    ...(first
      ? [
          `next: ${setAsideRemedy(first.code)}; then lockstep objects set-aside --retry --sync ${shellWord(name)} ${first.sobject}`,
        ]
      : []),
    ...(one
      ? [`or one record: lockstep objects refetch --sync ${shellWord(name)} ${one.sobject} ${one.id}`]
      : []),
    '',
  ].join('\n');
}

/** Retries those first that were tried longest ago, so that repeating the command covers all of them. */
async function retry(
  api: ApiClient,
  { id, name, has_worker }: SyncView,
  objects: readonly string[],
  output: Output,
): Promise<void> {
  const chosen = objects.length > 0 ? { objects } : {};
  const { items } = await api.post(`${pathOf(id)}/set-aside/retry`, chosen, retriedSchema);
  if (output.wantsJson) output.object({ schema: 1, name, items, has_worker });
  for (const { sobject, rows, of } of output.wantsJson ? [] : items) {
    const rest = of > rows ? `, of ${formatCount(of)}: repeat the command for the rest` : '';
    output.data(`${name}: retry of ${counted(rows, 'record')} of ${sobject} requested${rest}.`);
  }
  if (!has_worker) output.say('No Lockstep process is running this sync; to start one: lockstep start');
  output.say(`To see what is still refused afterwards: lockstep objects set-aside --sync ${shellWord(name)}`);
}
