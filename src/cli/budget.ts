import { setIntervalMs } from '../control/index.ts';
import type { Command } from './arguments.ts';
import { usageError } from './failure.ts';
import { intervalOf } from './interval.ts';
import { count } from './output.ts';
import { chooseSync, withControl } from './running.ts';

const dayMs = 86_400_000;

export const budgetSet: Command = {
  name: 'budget set',
  summary: 'Changes the pace of a sync while it runs.',
  words: { shown: '[SYNC]', min: 0, max: 1 },
  flags: {
    every: { value: 'TIME', says: 'Time between two requests that the sync starts by itself, 0.2s to 300s.' },
  },
  async run(args, { config, output }) {
    const every = args.text('every');
    if (every === undefined) throw usageError('budget set needs --every', 'lockstep help budget set');
    const intervalMs = intervalOf(every, 'lockstep help budget set');
    await withControl(config, async (control) => {
      const { id, name } = await chooseSync(control, args.words[0]);
      await setIntervalMs(control, id, intervalMs);
      const requestsPerDay = Math.floor(dayMs / intervalMs);
      if (output.wantsJson)
        output.object({ schema: 1, name, interval_ms: intervalMs, requests_per_day: requestsPerDay });
      else
        output.data(
          `${name}: one request every ${intervalMs / 1000} s = at most ${count(requestsPerDay)} requests a day.`,
        );
      output.say('Requests through the proxy and their read-backs are counted beside it.');
    });
  },
};
