/** `sync leases`: which process has run a sync. */
import { type LeaseView, leasesSchema } from '../../contract/workers.ts';
import { timeOf, timeSince } from '../../core/plain-words.ts';
import { type Command, syncFlag } from '../arguments.ts';
import { chooseSync, pathOf } from '../choose-sync.ts';
import { findApi } from '../find-server.ts';
import { firstPage, pageFlags, showPages } from '../show-pages.ts';
import { table } from '../terminal/output.ts';

export const syncLeases: Command = {
  flags: { sync: syncFlag, ...pageFlags },
  async run(args, context) {
    const query = firstPage(args, 'lockstep help sync leases');
    const api = await findApi(context);
    const { id, name } = await chooseSync(api, args.text('sync'));
    await showPages(api, `${pathOf(id)}/leases`, leasesSchema, {
      query,
      isAll: args.isSet('all'),
      output: context.output,
      more: { name },
      none: 'No process has run it in the last 30 days.',
      textOf: ({ items, as_of: asOf }) => leasesTable(items, timeOf(asOf)),
    });
  },
};

const leasesTable = (items: readonly LeaseView[], now: number): string =>
  table(
    ['LEASE', 'WORKER', 'FROM', 'UNTIL', 'END'],
    items.map((one) => [
      String(one.epoch),
      one.worker_id,
      timeSince(one.claimed_at, now),
      timeSince(one.ended_at, now),
      one.ending ?? 'lasts',
    ]),
    new Set([0]),
  );
