/** `status`: whether each sync runs, what it waits for, and what each of its objects is at. */
import { type Control, type Health, listSyncs, readHealth, type Sync } from '../control/index.ts';
import type { Tx } from '../lib/database.ts';
import { readStatus, type StreamStatus } from '../postgres/index.ts';
import type { Arguments, Command } from './arguments.ts';
import { parseDuration } from './duration.ts';
import { exitCodes, usageError } from './failure.ts';
import { readNow } from './object-status.ts';
import { count, type Output, table } from './output.ts';
import { chooseSync, withControl, withMirror } from './running.ts';
import { ageOf, inRfc3339, stateOf, stateWord, timeOf } from './state-words.ts';

/** One sync, as seen at one moment of the database's clock. */
interface Seen {
  sync: Sync;
  health: Health;
  streams: readonly StreamStatus[];
  now: number;
}

export const status: Command = {
  name: 'status',
  summary: 'Whether a sync runs, and what each of its objects is at.',
  words: { shown: '[SYNC]', min: 0, max: 1 },
  flags: {
    check: { says: 'End with code 3, and say why, unless all of it runs and every object is complete.' },
    'max-age': {
      value: 'TIME',
      says: 'With --check: nor may an object have been read longer ago, such as 60s.',
    },
  },
  async run(args, { config, output }) {
    const maxAgeMs = maxAgeOf(args);
    return withControl(config, async (control) => {
      const seen = await look(control, args.words[0]);
      if (output.wantsJson) {
        output.object({ schema: 1, items: seen.map((one) => asJson(one, output)) });
      } else {
        for (const one of seen) output.data(output.pasteable(asText(one)));
      }
      if (!args.isSet('check')) return 0;
      const reasons = seen.flatMap((one) => whyNotWell(one, maxAgeMs));
      for (const reason of reasons) output.say(`not healthy: ${reason}`);
      return reasons.length > 0 ? exitCodes.notHealthy : 0;
    });
  },
};

function maxAgeOf(args: Arguments): number {
  const text = args.text('max-age');
  if (text === undefined) return Infinity;
  const help = 'lockstep help status';
  if (!args.isSet('check')) throw usageError('--max-age belongs to --check', help);
  const ms = parseDuration(text);
  if (ms === undefined) throw usageError('--max-age takes a time such as 60s, 5m or 1h', help);
  return ms;
}

async function look(control: Control, named: string | undefined): Promise<Seen[]> {
  const syncs = named === undefined ? await listSyncs(control) : [await chooseSync(control, named)];
  if (syncs.length === 0) await chooseSync(control, undefined);
  const healthOf = await readHealth(control);
  const seen: Seen[] = [];
  for (const sync of syncs) {
    const health = healthOf.get(sync.id) ?? { isHeld: false, fault: null };
    seen.push({ sync, health, ...(await withMirror(control, sync, readStreams)) });
  }
  return seen;
}

async function readStreams(mirror: Tx) {
  const streams = await readStatus(mirror);
  return { streams, now: await readNow(mirror) };
}

function asJson({ sync, health, streams }: Seen, output: Output) {
  const { id, name, orgId, intervalMs, paused } = sync;
  const { isHeld: held, fault } = health;
  return {
    id,
    name,
    org_id: orgId,
    interval_ms: intervalMs,
    paused,
    held,
    fault: fault && {
      code: fault.code,
      says: fault.says,
      next: output.pasteable(fault.next),
      since: fault.since,
      retry_at: fault.retryAt,
    },
    objects: streams.map((object) => ({
      ...object,
      read_until: inRfc3339(object.read_until),
      settled_until: inRfc3339(object.settled_until),
    })),
  };
}

function whyNotWell({ sync, health, streams, now }: Seen, maxAgeMs: number): string[] {
  const { name } = sync;
  const { state, headline } = stateOf(sync, health, now);
  const reasons = state === 'running' ? [] : [`${name}: ${headline}`];
  for (const { sobject, state, read_until: readUntil } of streams) {
    if (state !== 'current') {
      reasons.push(`${name} ${sobject}: ${stateWord(state)}`);
    } else if (readUntil === null || now - timeOf(readUntil) > maxAgeMs) {
      reasons.push(`${name} ${sobject}: read ${ageOf(readUntil, now)}`);
    }
  }
  return reasons;
}

function asText({ sync, health, streams, now }: Seen): string {
  const { headline, lines } = stateOf(sync, health, now);
  const isCopying = streams.some(({ state }) => state === 'queued' || state === 'backfilling');
  const rows = streams.map((stream) => [
    stream.sobject,
    stateWord(stream.state),
    count(stream.rows),
    ...(isCopying ? [stream.rows_expected === null ? '–' : count(stream.rows_expected)] : []),
    ...(isCopying ? [String(stream.backfill_percent)] : []),
    ageOf(stream.read_until, now),
    ageOf(stream.settled_until, now),
  ]);
  const headers = ['OBJECT', 'STATE', 'ROWS', ...(isCopying ? ['EXPECTED', '%'] : []), 'READ', 'SETTLED'];
  const indent = ' '.repeat(sync.name.length + 2);
  return [
    `${sync.name}  ${headline}`,
    ...[...lines, `org ${sync.orgId}, id ${sync.id}`].map((line) => `${indent}${line}`),
    '',
    table(headers, rows, new Set(headers.map((_, column) => column).slice(2))),
    '',
    'READ: the org was read up to then. SETTLED: no change from before can still come.',
    '',
  ].join('\n');
}
