/** `flush`: reads what has changed by now, at once. */
import type { Command } from './arguments.ts';
import { counted } from './output.ts';
import { chooseSync, withControl } from './running.ts';
import { secondsOf, syncFlag, tellEnd, timeoutOf, wishAndWait } from './wish.ts';

const timeoutMs = 60_000;

export const flush: Command = {
  name: 'flush',
  summary: 'Reads every object now, and ends when all that was committed before the call is in the mirror.',
  flags: {
    sync: syncFlag,
    timeout: { value: 'TIME', says: `How long it may take, such as 5m (default: ${timeoutMs / 1_000}s).` },
  },
  async run(args, { config, output, stop }) {
    const within = timeoutOf(args, timeoutMs, 'lockstep help flush');
    return withControl(config, async (control) => {
      const sync = await chooseSync(control, args.text('sync'));
      const waiting = { control, sync, output, stop, timeoutMs: within, isKept: false };
      const granted = await wishAndWait(waiting, { kind: 'flush', objects: null });
      const { objects, skipped, repairs, tookMs } = granted;
      if (output.wantsJson)
        output.object({ schema: 1, name: sync.name, objects, skipped, repairs, took_ms: tookMs });
      else
        output.data(
          `${sync.name}: ${counted(objects, 'object')} ${objects === 1 ? 'shows' : 'show'} all that was committed before the call, after ${secondsOf(tookMs)}.`,
        );
      return tellEnd(granted, output);
    });
  },
};
