/** `status`: whether each sync runs, what it waits for, and the state of each of its objects. */
import { type Control, listSyncs, type Sync } from '../../control/index.ts';
import { formatCount, timeSince } from '../../core/plain-words.ts';
import { usageError } from '../../core/request-error.ts';
import { isHealthy, objectWord } from '../../operations/findings.ts';
import { objectView } from '../../operations/object-view.ts';
import {
  isBackfilling,
  readSyncStatuses,
  type SyncStatus,
  whyNotWell,
} from '../../operations/sync-status.ts';
import { publicDatabasesText, readPublicDatabases } from '../../postgres/index.ts';
import { type Arguments, type Command, syncFlag } from '../arguments.ts';
import { chooseSync, withControl } from '../running.ts';
import { parseDuration } from '../terminal/duration.ts';
import { exitCodes } from '../terminal/exit-codes.ts';
import { findingLines } from '../terminal/finding-lines.ts';
import { table } from '../terminal/output.ts';

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
  async run(args, { config, output }) {
    const maxAgeMs = maxAgeOf(args);
    return withControl(config, async (control) => {
      const seen = await readSyncStatuses(control, await chosenSyncs(control, args.text('sync')));
      const publicDatabases = await readPublicDatabases(control.db);
      if (output.wantsJson) {
        output.object({
          schema: 1,
          items: seen.map(asJson),
          public_databases: publicDatabases,
        });
      } else {
        for (const one of seen) output.data(output.pasteable(asText(one)));
      }
      const isPerson = !output.wantsJson && !args.isSet('check');
      if (isPerson && publicDatabases.length > 0) output.say(publicDatabasesText(publicDatabases));
      if (!args.isSet('check')) return 0;
      const reasons = seen.flatMap((one) => whyNotWell(one, maxAgeMs));
      for (const reason of reasons) output.say(`not healthy: ${reason}`);
      for (const { sync, findings } of seen) {
        for (const { severity, says, reason } of findings.filter(isHealthy))
          output.say(`${severity}: ${sync.name}: ${says}. ${reason}`);
      }
      return reasons.length > 0 ? exitCodes['not healthy'] : 0;
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

/** @throws {@link RequestError} if there is no sync at all */
async function chosenSyncs(control: Control, named: string | undefined): Promise<readonly Sync[]> {
  const syncs = named === undefined ? await listSyncs(control) : [];
  return syncs.length > 0 ? syncs : [await chooseSync(control, named)];
}

function asJson({ sync, health, state, headline, unread, objects }: SyncStatus) {
  const { id, name, orgId, intervalMs, paused } = sync;
  const { hasWorker: held, fault } = health;
  return {
    id,
    name,
    org_id: orgId,
    interval_ms: intervalMs,
    paused,
    held,
    state,
    headline,
    fault: fault && {
      code: fault.code,
      says: fault.says,
      next: fault.next,
      since: fault.since,
      retry_at: fault.retryAt,
    },
    mirror_fault: unread && {
      code: unread.code,
      says: unread.message,
      next: unread.next,
    },
    objects: objects.map(objectView),
  };
}

export function asText(seen: SyncStatus): string {
  const { sync, headline, lines, objects, findings, unread, now } = seen;
  const isCopying = objects.some(({ state }) => isBackfilling(state));
  const rows = objects.map((object) => [
    object.sobject,
    objectWord(object, findings),
    formatCount(object.rows),
    ...(isCopying ? [object.rows_expected === null ? '–' : formatCount(object.rows_expected)] : []),
    ...(isCopying ? [String(object.backfill_percent)] : []),
    timeSince(object.read_until, now),
    timeSince(object.settled_until, now),
  ]);
  const headers = ['OBJECT', 'STATE', 'ROWS', ...(isCopying ? ['EXPECTED', '%'] : []), 'READ', 'SETTLED'];
  const indent = ' '.repeat(sync.name.length + 2);
  const head = [
    `${sync.name}  ${headline}`,
    ...[...lines, `org ${sync.orgId}, id ${sync.id}`].map((line) => `${indent}${line}`),
    '',
  ];
  if (unread) return [...head, 'The state of its objects is not known.', ''].join('\n');
  const inHead = seen.state === 'running' ? 1 : 0;
  return [
    ...head,
    table(headers, rows, new Set(headers.map((_, column) => column).slice(2))),
    '',
    ...findings.slice(inHead).flatMap((finding) => [...findingLines(finding), '']),
    'READ: changes were read up to then. SETTLED: no change from before then can still arrive.',
    '',
  ].join('\n');
}
