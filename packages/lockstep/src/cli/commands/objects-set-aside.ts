/** `objects set-aside`: lists the records that PostgreSQL cannot hold as they are, with reasons, or retries them. */

import { shellWord } from '@lockstep/foundation/shell-words';
import type { Control, Sync } from '../../control/index.ts';
import { counted, formatCount, timeSince, timeUntil } from '../../core/plain-words.ts';
import { usageError } from '../../core/request-error.ts';
import { hasWorker } from '../../operations/ask-sync.ts';
import { chosenObjects } from '../../operations/chosen-objects.ts';
import { withViews } from '../../operations/open-mirror.ts';
import { recordsMax, retrySetAside } from '../../operations/retry-set-aside.ts';
import { readSetAsideOf, rowsOf, type SetAside, setAsideView } from '../../operations/set-aside-view.ts';
import { setAsidePlace, setAsideReason, setAsideRemedy } from '../../operations/set-aside-words.ts';
import { type Arguments, type Command, type Context, syncFlag } from '../arguments.ts';
import { chooseSync, withControl } from '../running.ts';
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
    return withControl(context.config, async (control) => {
      const sync = await chooseSync(control, args.text('sync'));
      return args.isSet('retry')
        ? retry(args, context, control, sync)
        : list(args, context, control, sync, limit);
    });
  },
};

/** The objects that are named; null: all of them. */
function chosenIn(sync: Sync, words: readonly string[]): readonly string[] | null {
  const chosen = chosenObjects(sync, words);
  return chosen.length > 0 ? chosen : null;
}

async function list(
  args: Arguments,
  { output }: Context,
  control: Control,
  sync: Sync,
  limit: number,
): Promise<number> {
  const sobjects = chosenIn(sync, args.words);
  const seen = await readSetAsideOf(control, sync, sobjects, limit);
  if (output.wantsJson) output.object({ schema: 1, name: sync.name, ...setAsideView(seen) });
  else if (seen.groups.length === 0) output.data(`${sync.name}: no records are set aside.`);
  else output.data(output.pasteable(setAsideText(sync, seen)));
  return 0;
}

export function setAsideText({ name }: Pick<Sync, 'name'>, { groups, records, now }: SetAside): string {
  const grouped = groups.map(({ sobject, column_name: column, code, rows }) => [
    sobject,
    setAsidePlace(column),
    formatCount(rows),
    setAsideReason(code),
  ]);
  const listed = records.map((record) => [
    record.sobject,
    record.id,
    setAsidePlace(record.column_name),
    timeSince(record.first_seen_at, now),
    formatCount(record.tries),
    timeUntil(record.retry_at, now),
    setAsideReason(record.code),
  ]);
  const more = rowsOf(groups) - records.length;
  const headers = ['OBJECT', 'ID', 'COLUMN', 'FIRST SEEN', 'TRIES', 'NEXT TRY', 'REASON'];
  const [first] = groups;
  return [
    table(['OBJECT', 'COLUMN', 'RECORDS', 'REASON'], grouped, new Set([2])),
    '',
    table(headers, listed, new Set([3, 4, 5])),
    ...(more > 0
      ? [
          `${formatCount(more)} more; list them with --limit ${formatCount(rowsOf(groups)).replaceAll(',', '')}.`,
        ]
      : []),
    '',
    'The mirror has their last storable version, or none; everything else is up to date. Lockstep retries them by itself.',
    ...(first
      ? [
          `next: ${setAsideRemedy(first.code)}; then lockstep objects set-aside --retry --sync ${shellWord(name)} ${first.sobject}`,
        ]
      : []),
    '',
  ].join('\n');
}

/** Retries those first that were tried longest ago, so that repeating the command covers all of them. */
async function retry(args: Arguments, { output }: Context, control: Control, sync: Sync): Promise<number> {
  const items = await withViews(control, sync, (mirror) =>
    retrySetAside(control, mirror, sync, chosenIn(sync, args.words)),
  );
  const running = await hasWorker(control, sync);
  if (output.wantsJson) output.object({ schema: 1, name: sync.name, items, running });
  else for (const item of items) output.data(askedText(sync, item));
  if (!running) output.say('No Lockstep process is running this sync; to start one: lockstep start');
  tellNext(sync, output);
  return 0;
}

function askedText(
  { name }: Sync,
  { sobject, rows, of }: { sobject: string; rows: number; of: number },
): string {
  const rest = of > rows ? `, of ${formatCount(of)}: repeat the command for the rest` : '';
  return `${name}: retry of ${counted(rows, 'record')} of ${sobject} requested${rest}.`;
}

const tellNext = ({ name }: Sync, output: Output) =>
  output.say(`To see what is still refused afterwards: lockstep objects set-aside --sync ${shellWord(name)}`);
