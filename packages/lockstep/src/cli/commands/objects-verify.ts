/** `objects verify` and `objects refetch`: reads that a user asks for, in addition to the polls. */

import { shellWord } from '@lockstep/foundation/shell-words';
import { type NewOperation, recordsMax } from '../../contract/operations.ts';
import { counted } from '../../core/plain-words.ts';
import { usageError } from '../../core/request-error.ts';
import { chosenRecords } from '../../operations/chosen-objects.ts';
import { type Arguments, type Command, type Context, syncFlag } from '../arguments.ts';
import { chooseSync } from '../choose-sync.ts';
import { findApi } from '../find-server.ts';
import { beginOperation, operate, reportResult, shortDuration, timeoutOf } from './operation.ts';

export const waitFlags: NonNullable<Command['flags']> = {
  sync: syncFlag,
  'no-wait': { description: 'Only request it; otherwise the command waits until it is done.' },
  wait: { description: 'Wait until it is done, the default.' },
  timeout: {
    value: 'TIME',
    description: 'How long to wait, such as 5m. The work itself continues after that.',
  },
};

const levels = ['counts', 'ids', 'content'] as const;

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
    const given = args.text('level') ?? 'counts';
    const level = levels.find((one) => one === given);
    if (!level) throw usageError('--level takes counts, ids or content', 'lockstep help objects verify');
    const objects = args.words.length > 0 ? [...args.words] : undefined;
    return runOperation(args, context, 'objects verify', { kind: 'verify', level, objects });
  },
};

export const objectsRefetch: Command = {
  positionals: { shown: 'OBJECT ID…', min: 2, max: 1 + recordsMax },
  flags: waitFlags,
  run(args, context) {
    const [object = '', ...words] = args.words;
    const ids = chosenRecords(words, 'lockstep help objects refetch');
    return runOperation(args, context, 'objects refetch', { kind: 'refetch', object, ids });
  },
};

/** Asks for the work and waits until it is done; with --no-wait the sync does it when it runs. */
export async function runOperation(
  args: Arguments,
  context: Context,
  command: string,
  work: NewOperation,
): Promise<number> {
  const { output, stop } = context;
  const timeoutMs = timeoutOf(args, Infinity, `lockstep help ${command}`);
  const waits = !args.isSet('no-wait');
  if (!waits && (args.isSet('timeout') || args.isSet('wait')))
    throw usageError('--no-wait cannot be combined with --wait or --timeout', `lockstep help ${command}`);
  const api = await findApi(context);
  const sync = await chooseSync(api, args.text('sync'));
  const { name } = sync;
  const kind = work.kind === 'verify' ? `verify ${work.level}` : work.kind;
  if (!waits) {
    const { id, objects } = await beginOperation(api, sync, work);
    if (output.wantsJson)
      output.object({ schema: 1, name, kind, objects, operation_id: id, has_worker: sync.has_worker });
    else output.data(`${name}: ${kind} of ${objects?.join(', ') ?? 'all objects'} requested.`);
    if (sync.paused)
      output.say(`The sync is paused; it does this after lockstep sync resume --sync ${shellWord(name)}`);
    else if (!sync.has_worker)
      output.say('No Lockstep process is running this sync; to start one: lockstep start');
    return 0;
  }
  const result = await operate({ api, sync, output, stop, timeoutMs, isKept: true }, work);
  const { objects, repairs, took_ms: tookMs } = result;
  if (output.wantsJson) output.object({ schema: 1, name, kind, ...result });
  else {
    const repaired = repairs.length === 0 ? 'nothing had to be repaired' : 'differences were repaired';
    output.data(
      `${name}: ${kind} of ${counted(objects, 'object')} took ${shortDuration(tookMs)}; ${repaired}.`,
    );
  }
  return reportResult(result, output);
}
