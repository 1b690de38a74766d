/** `objects compare`, `reconcile`, `reread` and `repair`: what a person asks to be read beyond the polls. */

import { shellWord } from '@lockstep/foundation/shell-words';
import { makeSyncRequest, type NewSyncRequest, readHealth, type Sync } from '../../control/index.ts';
import { usageError } from '../../core/command-error.ts';
import type { Arguments, Command, Context } from '../arguments.ts';
import { chosenObjects, chosenRecords } from '../chosen-objects.ts';
import { chooseSync, withControl } from '../running.ts';
import { counted } from '../terminal/output.ts';
import { requestAndWait, secondsOf, syncFlag, tellEnd, timeoutOf } from './sync-request.ts';

export const waitFlags: NonNullable<Command['flags']> = {
  sync: syncFlag,
  wait: { says: 'Ends when it is done.' },
  timeout: {
    value: 'TIME',
    says: 'With --wait: how long it may take, such as 5m. What was asked goes on after it.',
  },
};

/** Of objects that may all be meant. */
function reading(kind: 'compare' | 'reconcile' | 'reread', summary: string): Command {
  return {
    name: `objects ${kind}`,
    summary,
    words: { shown: '[OBJECT…]', min: 0, max: 1_000 },
    flags: waitFlags,
    run: (args, context) =>
      askOf(args, context, `objects ${kind}`, (sync) => {
        const objects = chosenObjects(sync, args.words);
        return { kind, objects: objects.length > 0 ? objects : null };
      }),
  };
}

export const objectsCompare = reading(
  'compare',
  'Compares the numbers of records, day by day, and reads the days that differ.',
);
export const objectsReconcile = reading(
  'reconcile',
  'Reads every Id once: rows that vanished, are missing or differ are found and mended.',
);
export const objectsReread = reading('reread', 'Reads every record again. The table stays usable.');

/** More than a person pastes; a whole object is read again by reread. */
export const recordsMax = 1_000;

export const objectsRepair: Command = {
  name: 'objects repair',
  summary: 'Reads these records again, by their Ids.',
  words: { shown: 'OBJECT ID…', min: 2, max: 1 + recordsMax },
  flags: waitFlags,
  run(args, context) {
    const [object = '', ...words] = args.words;
    const ids = chosenRecords(words, 'lockstep help objects repair');
    return askOf(args, context, 'objects repair', (sync) => ({
      kind: 'repair',
      objects: chosenObjects(sync, [object]),
      ids,
    }));
  },
};

/** Asks it; with --wait until it is done, otherwise it is done whenever the sync runs. */
export async function askOf(
  args: Arguments,
  { config, output, stop }: Context,
  command: string,
  requestOf: (sync: Sync) => NewSyncRequest,
): Promise<number> {
  const help = `lockstep help ${command}`;
  const timeoutMs = timeoutOf(args, Infinity, help);
  if (args.isSet('timeout') && !args.isSet('wait')) throw usageError('--timeout belongs to --wait', help);
  return withControl(config, async (control) => {
    const sync = await chooseSync(control, args.text('sync'));
    const { id, name } = sync;
    const syncRequest = requestOf(sync);
    const { kind, objects } = syncRequest;
    if (!args.isSet('wait')) {
      const requestId = await makeSyncRequest(control, id, syncRequest);
      const isHeld = (await readHealth(control)).get(id)?.isHeld === true;
      if (output.wantsJson)
        output.object({ schema: 1, name, kind, objects, request_id: requestId, running: isHeld });
      else output.data(`${name}: ${kind} of ${objects?.join(', ') ?? 'all objects'} is asked for.`);
      if (sync.paused) output.say(`It is paused: done after lockstep sync resume ${shellWord(name)}`);
      else if (!isHeld) output.say('No Lockstep process runs it: done as soon as one does (lockstep start).');
      return 0;
    }
    const waiting = { control, sync, output, stop, timeoutMs, isKept: true };
    const result = await requestAndWait(waiting, syncRequest);
    const { skipped, repairs, setAside, tookMs } = result;
    if (output.wantsJson) {
      const told = { objects: result.objects, skipped, repairs, set_aside: setAside, took_ms: tookMs };
      output.object({ schema: 1, name, kind, ...told });
    } else {
      const mended = repairs.length === 0 ? 'nothing had to be mended' : 'what differed was mended';
      output.data(
        `${name}: ${kind} of ${counted(result.objects, 'object')} took ${secondsOf(tookMs)}; ${mended}.`,
      );
    }
    return tellEnd(result, output);
  });
}
