/** `activity`: what has happened to a sync and its objects. */
import { systemClock } from '@lockstep/foundation/clock';
import { type ActivityView, activityPageSchema } from '../../contract/activity.ts';
import type { SyncView } from '../../contract/syncs.ts';
import { clockTime, timeOf, timeSince } from '../../core/plain-words.ts';
import { RequestError, usageError } from '../../core/request-error.ts';
import type { ApiClient } from '../api-client.ts';
import { type Arguments, type Command, type Context, syncFlag } from '../arguments.ts';
import { chooseSync, pathOf, wasDeleted } from '../choose-sync.ts';
import { findApi } from '../find-server.ts';
import { firstPage, pageFlags, showPages } from '../show-pages.ts';
import { table } from '../terminal/output.ts';
import { sinceFlag, timeGiven } from '../terminal/since.ts';

const help = 'lockstep help activity';
const followEveryMs = 2_000;

export const activity: Command = {
  flags: {
    sync: syncFlag,
    since: sinceFlag,
    object: { value: 'OBJECT', description: 'Only what concerns this object, by API name.' },
    kind: {
      value: 'KIND',
      description: 'Only state, problem, backfill, check, schema, credential, destination or org.',
    },
    'needs-person': { description: 'Only what somebody had to do something about.' },
    ...pageFlags,
    follow: { description: 'Then show each new entry as it comes, until Ctrl-C.' },
  },
  async run(args, context) {
    const { output } = context;
    const api = await findApi(context);
    const { id, name } = await chooseSync(api, args.text('sync'));
    const path = `${pathOf(id)}/activity`;
    const query = queryOf(args);
    if (args.isSet('follow')) {
      const { items } = await api.get(`${path}?${query.toString()}`, activityPageSchema);
      return follow(api, { id, name }, { query, first: items }, context);
    }
    await showPages(api, path, activityPageSchema, {
      query,
      isAll: args.isSet('all'),
      output,
      none: 'No entry.',
      textOf: ({ items, as_of: asOf }) => output.pasteable(activityTable(items, timeOf(asOf))),
    });
  },
};

function queryOf(args: Arguments): URLSearchParams {
  const query = firstPage(args, help);
  const given = ['all', 'after'].find((flag) => args.isSet(flag));
  if (args.isSet('follow') && given !== undefined)
    throw usageError(`--follow shows what comes, so --${given} does not go with it`, help);
  const since = args.text('since');
  if (since !== undefined) query.set('since', timeGiven(since, help));
  for (const name of ['object', 'kind']) query.set(name, args.text(name) ?? '');
  for (const name of ['object', 'kind']) if (query.get(name) === '') query.delete(name);
  if (args.isSet('needs-person')) query.set('only', 'needs-person');
  return query;
}

/**
 * The oldest first, so that what is new stands at the end.
 *
 * @throws {@link RequestError} if the sync was deleted
 */
async function follow(
  api: ApiClient,
  { id, name }: Pick<SyncView, 'id' | 'name'>,
  { query, first }: { query: URLSearchParams; first: readonly ActivityView[] },
  { output, stop }: Context,
): Promise<void> {
  let items = first;
  let last = '0';
  while (!stop.aborted) {
    for (const one of items.toReversed()) {
      if (output.wantsJson) output.object(one);
      else output.data(output.pasteable(`${clockTime(one.at, systemClock.now())}  ${textOf(one)}`));
    }
    last = items[0]?.id ?? last;
    await systemClock.sleep(followEveryMs, stop).catch(() => undefined);
    if (stop.aborted) return;
    query.set('newer_than', last);
    const path = `${pathOf(id)}/activity?${query.toString()}`;
    const page = await api.get(path, activityPageSchema).catch((error: unknown) => {
      throw error instanceof RequestError && error.kind === 'not found' ? wasDeleted(name) : error;
    });
    items = page.items;
  }
}

const activityTable = (entries: readonly ActivityView[], now: number): string =>
  table(
    ['WHEN', 'KIND', 'WHAT'],
    entries.map((one) => [timeSince(one.at, now), one.kind, textOf(one)]),
    new Set(),
  );

const textOf = ({ says, times }: ActivityView): string => (times === 1 ? says : `${says} (${times} times)`);
