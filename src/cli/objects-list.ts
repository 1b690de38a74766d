/** `objects list`: what each object is at, how well that is proven, and why one is stopped or held. */
import { Fault } from '../core/faults.ts';
import type { Command } from './arguments.ts';
import { type ObjectStatus, readObjects, stopOf } from './object-status.ts';
import { count, type Output, table } from './output.ts';
import { chooseSync, withControl, withMirror } from './running.ts';
import { ageOf, inRfc3339, stateWord } from './state-words.ts';
import { syncFlag } from './wish.ts';

export const objectsList: Command = {
  name: 'objects list',
  summary: 'Each object: its table, what it is at, when it was verified, and why it is stopped or held.',
  flags: { sync: syncFlag },
  run: (args, { config, output }) =>
    withControl(config, async (control) => {
      const sync = await chooseSync(control, args.text('sync'));
      const { objects, now } = await withMirror(control, sync, readObjects);
      if (output.wantsJson) {
        output.object({ schema: 1, name: sync.name, items: objects.map((object) => asJson(object, output)) });
      } else output.data(output.pasteable(objectsText(sync.destination.tableSchema, objects, now)));
    }),
};

function asJson(object: ObjectStatus, output: Output) {
  const { stopped_by: _, stopped_because: __, ...facts } = object;
  const stopped = stopOf(object);
  return {
    ...facts,
    read_until: inRfc3339(object.read_until),
    settled_until: inRfc3339(object.settled_until),
    counts_verified_at: inRfc3339(object.counts_verified_at),
    stamps_verified_at: inRfc3339(object.stamps_verified_at),
    content_verified_at: inRfc3339(object.content_verified_at),
    stopped: stopped && { ...stopped, next: output.pasteable(stopped.next) },
  };
}

/** @param now  of the mirror's server, in milliseconds since 1970 */
export function objectsText(tableSchema: string, objects: readonly ObjectStatus[], now: number): string {
  const rows = objects.map((object) => [
    object.sobject,
    `${tableSchema}.${object.table_name}`,
    stateWord(object.state),
    count(object.rows),
    ageOf(object.read_until, now),
    ageOf(object.settled_until, now),
    ageOf(object.counts_verified_at, now),
    ageOf(object.stamps_verified_at, now),
    ageOf(object.content_verified_at, now),
    object.held_rows === 0 ? '–' : count(object.held_rows),
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
    'HELD',
  ];
  return [
    table(headers, rows, new Set(headers.map((_, column) => column).slice(3))),
    '',
    ...objects.flatMap(whatIsWrong),
    'READ: the org was read up to then. SETTLED: no change from before can still come.',
    'COUNTS, STAMPS, CONTENT: compared with all of Salesforce then. HELD: rows that wait for your decision.',
    '',
  ].join('\n');
}

function whatIsWrong(object: ObjectStatus): string[] {
  const { sobject, held_rows: held } = object;
  const stopped = stopOf(object);
  return [
    ...(stopped
      ? [`${sobject} is stopped: ${stopped.code} ${stopped.says}`, `next: ${stopped.next}`, '']
      : []),
    ...(held > 0 ? heldText(sobject, held) : []),
  ];
}

export function heldText(sobject: string, held: number): string[] {
  const { code, message, next } = new Fault('PERM-05', { stream: sobject, rows: held });
  return [`${sobject} is held: ${code} ${message}`, `next: ${next}`, ''];
}
