/** `objects list`: the state of each object, when it was last verified, and what is wrong with it. */
import { type ObjectView, objectSchema, type SyncView } from '../../contract/syncs.ts';
import { formatCount, timeOf, timeSince } from '../../core/plain-words.ts';
import { type Command, syncFlag } from '../arguments.ts';
import { chooseSync, pathOf } from '../choose-sync.ts';
import { findApi } from '../find-server.ts';
import { findingLines } from '../terminal/finding-lines.ts';
import { table } from '../terminal/output.ts';

export const objectsList: Command = {
  flags: { sync: syncFlag },
  async run(args, context) {
    const { output } = context;
    const api = await findApi(context);
    const sync = await chooseSync(api, args.text('sync'));
    const { items, as_of: asOf } = await api.list(`${pathOf(sync.id)}/objects`, objectSchema);
    if (output.wantsJson) output.object({ schema: 1, name: sync.name, items });
    else output.data(output.pasteable(objectsText(sync, items, timeOf(asOf))));
  },
};

/** @param now  the mirror server's time, in milliseconds since 1970 */
export function objectsText(
  { mirror, findings }: Pick<SyncView, 'mirror' | 'findings'>,
  objects: readonly ObjectView[],
  now: number,
): string {
  const countOrDash = (rows: number) => (rows === 0 ? '–' : formatCount(rows));
  const rows = objects.map((object) => [
    object.sobject,
    `${mirror.table_schema}.${object.table_name}`,
    object.state_word,
    formatCount(object.rows),
    timeSince(object.read_until, now),
    timeSince(object.settled_until, now),
    timeSince(object.counts_verified_at, now),
    timeSince(object.stamps_verified_at, now),
    timeSince(object.content_verified_at, now),
    countOrDash(object.missing_rows),
    countOrDash(object.set_aside_rows),
  ]);
  const headers = [
    'OBJECT',
    'TABLE',
    'STATE',
    'ROWS',
    'READ',
    'SETTLED',
    'COUNTS',
    'STAMPS',
    'CONTENT',
    'MISSING',
    'SET ASIDE',
  ];
  return [
    table(headers, rows, new Set(headers.map((_, column) => column).slice(3))),
    '',
    ...findings.flatMap((finding) => [...findingLines(finding), '']),
    'READ: changes were read up to then. SETTLED: no change from before then can still arrive.',
    'COUNTS, STAMPS, CONTENT: when this was last compared with all of Salesforce. MISSING: rows that Salesforce no longer shows and that wait for your decision.',
    'SET ASIDE: records that PostgreSQL refuses as they are.',
    '',
  ].join('\n');
}
