/** `flush`: reads at once whatever has changed up to now. */

import { counted } from '../../core/plain-words.ts';
import { type Command, syncFlag } from '../arguments.ts';
import { chooseSync, withControl } from '../running.ts';
import { reportResult, requestAndWait, shortDuration, timeoutOf } from './sync-request.ts';

const timeoutMs = 60_000;

export const flush: Command = {
  flags: {
    sync: syncFlag,
    timeout: { value: 'TIME', description: `How long to wait, such as 5m (default: ${timeoutMs / 1_000}s).` },
  },
  async run(args, { config, output, stop }) {
    const within = timeoutOf(args, timeoutMs, 'lockstep help flush');
    return withControl(config, async (control) => {
      const sync = await chooseSync(control, args.text('sync'));
      const waiting = { control, sync, output, stop, timeoutMs: within, isKept: false };
      const result = await requestAndWait(waiting, { kind: 'flush', objects: null });
      const { objects, skipped, repairs, setAside, tookMs } = result;
      if (output.wantsJson) {
        const told = { objects, skipped, repairs, set_aside: setAside, took_ms: tookMs };
        output.object({ schema: 1, name: sync.name, ...told });
      } else {
        const show = `${counted(objects, 'object')} ${objects === 1 ? 'shows' : 'show'} everything`;
        const but = setAside.length > 0 ? ', except the records set aside' : '';
        output.data(`${sync.name}: ${show} committed before the call${but}, after ${shortDuration(tookMs)}.`);
      }
      return reportResult(result, output);
    });
  },
};
