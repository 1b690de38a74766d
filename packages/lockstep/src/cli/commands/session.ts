/** `session list` and `end`: the administrator in browsers. */
import { z } from 'zod';
import { type SessionView, sessionSchema } from '../../contract/sessions.ts';
import { timeOf, timeSince, timeUntil } from '../../core/plain-words.ts';
import type { Command } from '../arguments.ts';
import { findApi } from '../find-server.ts';
import { table } from '../terminal/output.ts';

export const sessionList: Command = {
  flags: { all: { description: 'Also those that have ended in the last 30 days, and why.' } },
  async run(args, context) {
    const { output } = context;
    const path = `/sessions?ended=${args.isSet('all')}`;
    const { items, as_of: asOf } = await (await findApi(context)).list(path, sessionSchema);
    if (output.wantsJson) output.object({ schema: 1, items });
    else if (items.length === 0) output.say('Nobody is signed in.');
    else output.data(sessionsTable(items, timeOf(asOf)));
  },
};

const sessionsTable = (items: readonly SessionView[], now: number): string =>
  table(
    ['ID', 'BEGAN', 'LAST SEEN', 'FROM', 'BROWSER', 'END'],
    items.map((one) => [
      one.id,
      timeSince(one.created_at, now),
      timeSince(one.last_seen_at, now),
      one.address,
      one.user_agent,
      one.ended_at === null
        ? timeUntil(one.expires_at, now)
        : `${timeSince(one.ended_at, now)}, ${one.ending}`,
    ]),
    new Set(),
  );

export const sessionEnd: Command = {
  positionals: { shown: 'ID', min: 1, max: 1 },
  async run(args, context) {
    const { output } = context;
    const [id = ''] = args.words;
    await (await findApi(context)).delete(`/sessions/${encodeURIComponent(id.slice(0, 80))}`, z.null());
    if (output.wantsJson) output.object({ schema: 1, id, ended: true });
    else output.say(`The session ${id} has ended.`);
  },
};
