import { z } from 'zod';
import { type EndpointGroup, endpoint, reads } from './control-endpoint.ts';
import { runWrites, writerOf, writesBody } from './writes.ts';

/** Transactions that stay open. */
const transactionId = z.strictObject({ id: z.string().describe('As POST /transactions/open returned it.') });

const example = {
  as: 'demo',
  writes: [{ create: 'Account', values: { Name: 'Seen late' } }],
};

export const transactionEndpoints: EndpointGroup = {
  title: 'Long transactions',
  about:
    'An open transaction keeps its row locks (others get UNABLE_TO_LOCK_ROW) and holds latestDateCovered back. Its rows appear at the commit, with the stamps of the time when they were written. A restart rolls it back.',
  endpoints: [
    reads('/transactions', 'Lists the open transactions.', ({ control }) => ({
      transactions: control.transactions.list,
    })),
    endpoint({
      path: '/transactions/open',
      does: 'Opens a transaction with writes, and returns its id and the Ids of the records.',
      body: writesBody,
      example,
      run: (org, body) =>
        org.control.transactions.open(org, body.at, (tx) => runWrites(tx, writerOf(org, body), body.writes)),
    }),
    endpoint({
      path: '/transactions/commit',
      does: 'Commits it.',
      body: transactionId,
      example: { id: '5f1d0c22a9e4' },
      run: (org, { id }) => org.control.transactions.end(id, 'commit'),
    }),
    endpoint({
      path: '/transactions/rollBack',
      does: 'Rolls it back.',
      body: transactionId,
      example: { id: '5f1d0c22a9e4' },
      run: (org, { id }) => org.control.transactions.end(id, 'rollBack'),
    }),
  ],
};
