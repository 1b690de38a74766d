import { z } from 'zod';
import { type EndpointGroup, endpoint, reads, sobjectNamed } from './control-endpoint.ts';

/** Makes pages of queries as short as requested. */
const rowsMax = 2000;

export const queryEndpoints: EndpointGroup = {
  title: 'Pages of queries',
  about:
    'Salesforce may end a page anywhere: the rest is at nextRecordsUrl. These cuts apply to every page of records, of query and queryAll, the first and the next ones, alone and in composites, but not to results inside a record. A restart removes them.',
  endpoints: [
    reads('/queries/cuts', 'Lists the cuts, with how many pages each has cut.', ({ control }) => ({
      cuts: control.cuts.list,
    })),
    endpoint({
      path: '/queries/cut',
      does: 'Cuts pages after a number of records. A new cut replaces an earlier one of the same object.',
      body: z.strictObject({
        sobject: z
          .string()
          .optional()
          .describe('Only queries of this object; otherwise of all objects without their own cut.'),
        rows: z
          .array(z.int().min(1).max(rowsMax))
          .min(1)
          .max(1000)
          .describe(
            'Numbers of records per page, used in turn, again and again. A page without records uses none.',
          ),
        times: z
          .int()
          .min(1)
          .nullable()
          .default(null)
          .describe('How many pages are cut; null: until the cut is lifted.'),
      }),
      example: { sobject: 'Account', rows: [404, 1000, 1], times: 3 },
      run(org, { sobject, rows, times }) {
        const name = sobject === undefined ? null : sobjectNamed(org, sobject).name;
        org.control.cuts.add({ sobject: name, rows, times });
      },
    }),
    endpoint({
      path: '/queries/limitFields',
      does: 'Refuses queries that select more fields of an object: QUERY_TOO_COMPLICATED, as for one with many formulas.',
      body: z.strictObject({
        sobject: z.string(),
        fields: z.int().min(1).nullable().describe('The most that a query may select; null: no limit.'),
      }),
      example: { sobject: 'Account', fields: 20 },
      run(org, { sobject, fields }) {
        const { name } = sobjectNamed(org, sobject);
        if (fields === null) org.control.fieldLimits.delete(name);
        else org.control.fieldLimits.set(name, fields);
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
