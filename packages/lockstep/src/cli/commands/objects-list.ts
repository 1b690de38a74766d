/** `objects list`: the state of each object, when it was last verified, and what is wrong with it. */
import type { Sync } from '../../control/index.ts';
import { formatCount, timeSince } from '../../core/plain-words.ts';
import { findingsOf, objectWord } from '../../operations/findings.ts';
import { objectView } from '../../operations/object-view.ts';
import { withViews } from '../../operations/open-mirror.ts';
import { type ObjectStatus, readObjects } from '../../operations/read-objects.ts';
import { type Command, syncFlag } from '../arguments.ts';
import { chooseSync, withControl } from '../running.ts';
import { findingLines } from '../terminal/finding-lines.ts';
import { table } from '../terminal/output.ts';

export const objectsList: Command = {
  flags: { sync: syncFlag },
  run: (args, { config, output }) =>
    withControl(config, async (control) => {
      const sync = await chooseSync(control, args.text('sync'));
      const { objects, now } = await withViews(control, sync, readObjects);
      if (output.wantsJson) {
        output.object({ schema: 1, name: sync.name, items: objects.map(objectView) });
      } else output.data(output.pasteable(objectsText(sync, objects, now)));
    }),
};

/** @param now  the mirror server's time, in milliseconds since 1970 */
export function objectsText(
  sync: Pick<Sync, 'name' | 'intervalMs' | 'destination'>,
  objects: readonly ObjectStatus[],
  now: number,
): string {
  const findings = findingsOf(sync, objects, now, null);
  const countOrDash = (rows: number) => (rows === 0 ? '–' : formatCount(rows));
  const rows = objects.map((object) => [
    object.sobject,
    `${sync.destination.tableSchema}.${object.table_name}`,
    objectWord(object, findings),
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
