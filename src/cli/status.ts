import { listSyncs, type Sync } from '../control/index.ts';
import { readStatus, type StreamStatus } from '../postgres/index.ts';
import type { Command } from './arguments.ts';
import { exitCodes } from './failure.ts';
import { count, table } from './output.ts';
import { chooseSync, withControl, withMirror } from './running.ts';

/** The states of an object, in a person's words. */
const stateWords: Record<string, string> = {
  queued: 'Queued',
  backfilling: 'First copy',
  current: 'Current',
  stopped: 'Stopped',
};

export const stateWord = (state: string): string => stateWords[state] ?? state;

export const status: Command = {
  name: 'status',
  summary: 'What each object of a sync is at.',
  words: { shown: '[SYNC]', min: 0, max: 1 },
  flags: { check: { says: 'End with code 3 unless every object is complete and none is stopped.' } },
  async run(args, { config, output }) {
    return withControl(config, async (control) => {
      const named = args.words[0];
      const syncs = named === undefined ? await listSyncs(control) : [await chooseSync(control, named)];
      if (syncs.length === 0) await chooseSync(control, undefined);
      const items = [];
      for (const sync of syncs) {
        items.push({ sync, streams: await withMirror(control, sync, readStatus) });
      }
      if (output.wantsJson)
        output.object({ schema: 1, items: items.map(({ sync, streams }) => asJson(sync, streams)) });
      else items.forEach(({ sync, streams }) => output.data(asText(sync, streams)));
      const isWell = items.every(
        ({ sync, streams }) => !sync.paused && streams.every(({ state }) => state === 'current'),
      );
      return args.isSet('check') && !isWell ? exitCodes.notHealthy : 0;
    });
  },
};

const asJson = ({ id, name, orgId, intervalMs, paused }: Sync, objects: readonly StreamStatus[]) => ({
  id,
  name,
  org_id: orgId,
  interval_ms: intervalMs,
  paused,
  objects: objects.map((object) => ({
    ...object,
    read_until: inRfc3339(object.read_until),
    settled_until: inRfc3339(object.settled_until),
  })),
});

function asText(sync: Sync, streams: readonly StreamStatus[]): string {
  const headers = ['OBJECT', 'STATE', 'ROWS', 'EXPECTED', '%', 'READ UNTIL', 'SETTLED UNTIL'];
  const rows = streams.map((stream) => [
    stream.sobject,
    stateWord(stream.state),
    count(stream.rows),
    stream.rows_expected === null ? '–' : count(stream.rows_expected),
    String(stream.backfill_percent),
    inRfc3339(stream.read_until) ?? '–',
    inRfc3339(stream.settled_until) ?? '–',
  ]);
  const pace = `one request every ${sync.intervalMs / 1000} s`;
  const title = `${sync.name}  ${sync.paused ? 'Paused' : 'Running'}, ${pace}, org ${sync.orgId}, id ${sync.id}`;
  return `${title}\n\n${table(headers, rows, new Set([2, 3, 4]))}\n`;
}

/** The server prints `2026-11-24 13:03:21+00`. */
const inRfc3339 = (time: string | null): string | null =>
  time === null
    ? null
    : new Date(time.replace(' ', 'T').replace(/([+-]\d\d)$/, '$1:00')).toISOString().replace('.000Z', 'Z');
