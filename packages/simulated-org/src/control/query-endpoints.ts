import { z } from 'zod';
import { type EndpointGroup, endpoint, reads, sobjectNamed } from './control-endpoint.ts';

/** Pages as short as somebody wants them. */
const rowsMax = 2000;

export const queryEndpoints: EndpointGroup = {
  title: 'Pages of queries',
  about:
    'Salesforce may end a page anywhere: the rest is at nextRecordsUrl. These cuts reach every page of records, of query and queryAll, the first and the next ones, alone and in composites, but no result inside a record. A restart forgets them.',
  endpoints: [
    reads('/queries/cuts', 'Lists the cuts, with how many pages each has met.', ({ control }) => ({
      cuts: control.cuts.list,
    })),
    endpoint({
      path: '/queries/cut',
      does: 'Cuts pages after so many records. Another cut of the same object goes in its place.',
      body: z.strictObject({
        sobject: z
          .string()
          .optional()
          .describe('Only queries of this object; otherwise of all without a cut of their own.'),
        rows: z
          .array(z.int().min(1).max(rowsMax))
          .min(1)
          .max(1000)
          .describe('So many records a page, used in turn, over and over. A page without records uses none.'),
        times: z
          .int()
          .min(1)
          .nullable()
          .default(null)
          .describe('So many pages; null: until the cut is lifted.'),
      }),
      example: { sobject: 'Account', rows: [404, 1000, 1], times: 3 },
      run(org, { sobject, rows, times }) {
        const name = sobject === undefined ? null : sobjectNamed(org, sobject).name;
        org.control.cuts.add({ sobject: name, rows, times });
      },
    }),
    endpoint({
      path: '/queries/lift',
      does: 'Lifts the cut of one object, or all cuts.',
      body: z.strictObject({ sobject: z.string().optional() }),
      example: {},
      run(org, { sobject }) {
        org.control.cuts.lift(sobject === undefined ? undefined : sobjectNamed(org, sobject).name);
      },
    }),
  ],
};
