import { sql } from '@lockstep/foundation/sql';
import { z } from 'zod';
import { type Org } from '../org.ts';
import { isLive, tableOf } from '../schema/storage.ts';
import { writeTransaction } from '../write/open-writes.ts';
import { type EndpointGroup, endpoint, reads, sobjectNamed, userIdOf } from './control-endpoint.ts';
import { ControlError } from './control-error.ts';
import { userName } from './named-in-requests.ts';
import { idOf, recordIdText } from './writes.ts';

/** Records that a user does not see, as after a change of sharing: no stamp and no event shows it. */
const hideBody = z.strictObject({
  user: userName,
  ids: z.array(recordIdText).min(1).max(100_000).optional(),
  sobject: z.string().optional().describe('Instead of ids: a share of its live records.'),
  share: z.number().min(0).max(1).default(1),
  seed: z.int().min(0).default(1).describe('For the random choice of these records.'),
});

async function hide(org: Org, { user, ids, sobject, share, seed }: z.output<typeof hideBody>) {
  const userId = userIdOf(org, user);
  if ((ids === undefined) === (sobject === undefined))
    throw new ControlError(400, 'give either ids or an sobject');
  // The choice is a hash of seed and Id, so that it does not depend on the order of the rows.
  const chosen = sobject
    ? sql`SELECT "Id" FROM ${tableOf(sobjectNamed(org, sobject))}
           WHERE ${isLive(sobjectNamed(org, sobject))}
             AND (hashtextextended("Id", ${seed}::bigint) & 1048575) < ${Math.round(share * 1_048_576)}`
    : sql`SELECT unnest(${(ids ?? []).map(idOf)}::text[])`;
  const hidden = await writeTransaction(org, (tx) =>
    tx.query(sql`
      INSERT INTO simulator.hidden_record (user_id, record_id)
      SELECT ${userId}, chosen.id FROM (${chosen}) AS chosen (id)
      ON CONFLICT DO NOTHING RETURNING record_id`),
  );
  org.views = new Map();
  return { hidden: hidden.length };
}

const showBody = z.strictObject({
  user: userName,
  ids: z.array(recordIdText).min(1).max(100_000).optional().describe('Only these; otherwise all.'),
});

async function show(org: Org, { user, ids }: z.output<typeof showBody>) {
  const userId = userIdOf(org, user);
  const only = ids ? sql`AND record_id = ANY(${ids.map(idOf)})` : sql``;
  const shown = await writeTransaction(org, (tx) =>
    tx.query(sql`DELETE FROM simulator.hidden_record WHERE user_id = ${userId} ${only} RETURNING record_id`),
  );
  org.views = new Map();
  return { shown: shown.length };
}

export const visibilityEndpoints: EndpointGroup = {
  title: 'Sharing',
  about: 'Changes what a user sees without stamping the records.',
  endpoints: [
    reads('/records/hidden', 'Counts the hidden records of each user.', async ({ db }) => ({
      users: await db.query(sql`
        SELECT user_id AS user, count(*) AS hidden FROM simulator.hidden_record GROUP BY user_id ORDER BY user_id`),
    })),
    endpoint({
      path: '/records/hide',
      does: 'Hides records from a user.',
      body: hideBody,
      example: { user: 'integration', sobject: 'Account', share: 0.05 },
      run: hide,
    }),
    endpoint({
      path: '/records/show',
      does: 'Shows a user the hidden records again.',
      body: showBody,
      example: { user: 'integration' },
      run: show,
    }),
  ],
};
