import { z } from 'zod';
import type { Org } from '../org.ts';
import { type EndpointGroup, endpoint, reads } from './control-endpoint.ts';
import { ControlError } from './control-error.ts';
import { instant } from './named-in-requests.ts';
import { sweep } from './retention.ts';
import { keepClock } from './storage.ts';

/** The org's time. */
const shown = ({ clock }: Org) => ({
  now: new Date(clock.now()).toISOString(),
  rate: clock.setting.rate,
});

/** Salesforce knows no date after the year 4000. */
const latest = Date.UTC(4000, 0, 1);

function set(org: Org, to: number) {
  if (to < 0 || to > latest)
    throw new ControlError(400, 'the clock goes from 1970-01-01T00:00:00Z to 4000-01-01T00:00:00Z');
  org.clock.set(to);
  return moved(org);
}

/** Stored before the request is answered, and with all due work done. */
async function moved(org: Org) {
  await keepClock(org.db, org.clock.setting);
  await sweep(org);
  return shown(org);
}

export const clockEndpoints: EndpointGroup = {
  title: 'Clock',
  about:
    'Everything in the org follows one clock: stamps, expiry of tokens and locators, the recycle bin, the day of the limits, the Date of answers. After a restart it continues where it was.',
  endpoints: [
    reads('/clock', "Returns the org's time and its rate.", shown),
    endpoint({
      path: '/clock/set',
      does: 'Sets the time, forward or back.',
      body: z.strictObject({ to: instant }),
      example: { to: '2026-03-01T08:00:00Z' },
      run: (org, { to }) => set(org, to),
    }),
    endpoint({
      path: '/clock/advance',
      does: 'Advances the time. Everything that waits for an instant up to then wakes, in order.',
      body: z.strictObject({
        ms: z
          .int()
          .min(0)
          .max(100 * 365 * 86_400_000)
          .describe('Milliseconds.'),
      }),
      example: { ms: 3_600_000 },
      run: (org, { ms }) => set(org, org.clock.now() + ms),
    }),
    endpoint({
      path: '/clock/rate',
      does: 'Makes time run faster, slower, or stand still.',
      body: z.strictObject({
        rate: z
          .number()
          .min(0)
          .max(86_400)
          .describe('1 is real time, 60 is a minute per second, 0 stands still.'),
      }),
      example: { rate: 60 },
      run: (org, { rate }) => {
        org.clock.setRate(rate);
        return moved(org);
      },
    }),
  ],
};
