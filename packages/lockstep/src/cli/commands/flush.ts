/** `flush`: reads at once whatever has changed up to now. */

import { counted } from '../../core/plain-words.ts';
import { type Command, syncFlag } from '../arguments.ts';
import { chooseSync } from '../choose-sync.ts';
import { findApi } from '../find-server.ts';
import { operate, reportResult, shortDuration, timeoutOf } from './operation.ts';

const timeoutMs = 60_000;

export const flush: Command = {
  flags: {
    sync: syncFlag,
    timeout: { value: 'TIME', description: `How long to wait, such as 5m (default: ${timeoutMs / 1_000}s).` },
  },
  async run(args, context) {
    const { output, stop } = context;
    const within = timeoutOf(args, timeoutMs, 'lockstep help flush');
    const api = await findApi(context);
    const sync = await chooseSync(api, args.text('sync'));
    const waiting = { api, sync, output, stop, timeoutMs: within, isKept: false };
    const result = await operate(waiting, { kind: 'flush' });
    const { objects, set_aside: setAside, took_ms: tookMs } = result;
    if (output.wantsJson) output.object({ schema: 1, name: sync.name, ...result });
    else {
      const show = `${counted(objects, 'object')} ${objects === 1 ? 'shows' : 'show'} everything`;
      const but = setAside.length > 0 ? ', except the records set aside' : '';
      output.data(`${sync.name}: ${show} committed before the call${but}, after ${shortDuration(tookMs)}.`);
    }
    return reportResult(result, output);
  },
};
