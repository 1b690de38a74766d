/** `objects verify` and `objects refetch`: reads that a user asks for, in addition to the polls. */

import { shellWord } from '@lockstep/foundation/shell-words';
import type { NewSyncRequest, Sync } from '../../control/index.ts';
import { counted } from '../../core/plain-words.ts';
import { usageError } from '../../core/request-error.ts';
import { ask } from '../../operations/ask-sync.ts';
import { chosenObjects, chosenRecords } from '../../operations/chosen-objects.ts';
import { recordsMax } from '../../operations/retry-set-aside.ts';
import { type Arguments, type Command, type Context, syncFlag } from '../arguments.ts';
import { chooseSync, withControl } from '../running.ts';
import { reportResult, requestAndWait, shortDuration, timeoutOf } from './sync-request.ts';

export const waitFlags: NonNullable<Command['flags']> = {
  sync: syncFlag,
  'no-wait': { description: 'Only request it; otherwise the command waits until it is done.' },
  wait: { description: 'Wait until it is done, the default.' },
  timeout: {
    value: 'TIME',
    description: 'How long to wait, such as 5m. The work itself continues after that.',
  },
};

const levels = {
  counts: 'verify counts',
  ids: 'verify ids',
  content: 'verify content',
} as const;

export const objectsVerify: Command = {
  positionals: { shown: '[OBJECT…]', min: 0, max: 1_000 },
  flags: {
    level: {
      value: 'counts|ids|content',
      description:
        'counts, the default: the number of records of each day. ids: every Id, which finds what vanished. content: every record in full.',
    },
    ...waitFlags,
  },
  run(args, context) {
    const level = args.text('level') ?? 'counts';
    if (!isLevel(level))
      throw usageError('--level takes counts, ids or content', 'lockstep help objects verify');
    return makeRequest(args, context, 'objects verify', (sync) => {
      const objects = chosenObjects(sync, args.words);
      return { kind: levels[level], objects: objects.length > 0 ? objects : null };
    });
  },
};

const isLevel = (text: string): text is keyof typeof levels => Object.hasOwn(levels, text);

export const objectsRefetch: Command = {
  positionals: { shown: 'OBJECT ID…', min: 2, max: 1 + recordsMax },
  flags: waitFlags,
  run(args, context) {
    const [object = '', ...words] = args.words;
    const ids = chosenRecords(words, 'lockstep help objects refetch');
    return makeRequest(args, context, 'objects refetch', (sync) => ({
      kind: 'refetch',
      objects: chosenObjects(sync, [object]),
      ids,
    }));
  },
};

/** Makes the sync request and waits until it is done; with --no-wait the sync does it when it runs. */
export async function makeRequest(
  args: Arguments,
  { config, output, stop }: Context,
  command: string,
  requestOf: (sync: Sync) => NewSyncRequest,
): Promise<number> {
  const help = `lockstep help ${command}`;
  const timeoutMs = timeoutOf(args, Infinity, help);
  const waits = !args.isSet('no-wait');
  if (!waits && (args.isSet('timeout') || args.isSet('wait')))
    throw usageError('--no-wait cannot be combined with --wait or --timeout', help);
  return withControl(config, async (control) => {
    const sync = await chooseSync(control, args.text('sync'));
    const { name } = sync;
    const syncRequest = requestOf(sync);
    const { kind, objects } = syncRequest;
    if (!waits) {
      const { requestId, hasWorker } = await ask(control, sync, syncRequest);
      if (output.wantsJson)
        output.object({ schema: 1, name, kind, objects, request_id: requestId, running: hasWorker });
      else output.data(`${name}: ${kind} of ${objects?.join(', ') ?? 'all objects'} requested.`);
      if (sync.paused)
        output.say(`The sync is paused; it does this after lockstep sync resume --sync ${shellWord(name)}`);
      else if (!hasWorker)
        output.say('No Lockstep process is running this sync; to start one: lockstep start');
      return 0;
    }
    const waiting = { control, sync, output, stop, timeoutMs, isKept: true };
    const result = await requestAndWait(waiting, syncRequest);
    const { skipped, repairs, setAside, tookMs } = result;
    if (output.wantsJson) {
      const told = { objects: result.objects, skipped, repairs, set_aside: setAside, took_ms: tookMs };
      output.object({ schema: 1, name, kind, ...told });
    } else {
      const repaired = repairs.length === 0 ? 'nothing had to be repaired' : 'differences were repaired';
      output.data(
        `${name}: ${kind} of ${counted(result.objects, 'object')} took ${shortDuration(tookMs)}; ${repaired}.`,
      );
    }
    return reportResult(result, output);
  });
}
