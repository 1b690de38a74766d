/** The columns of an object's table. */
import { z } from 'zod';
import { asOf } from './pages.ts';

const columnStates = ['mirrored', 'filling', 'hidden', 'left out'] as const;

export const columnSchema = z
  .object({
    column_name: z.string(),
    column_type: z
      .string()
      .nullable()
      .describe('As PostgreSQL names it; null: somebody has removed the column.'),
    field: z.string().describe('Its API name in Salesforce.'),
    field_type: z.string().describe('As Salesforce names it.'),
    is_formula: z.boolean(),
    refers_to: z.array(z.string()).describe('The objects whose Ids it can hold.'),
    state: z
      .enum(columnStates)
      .describe(
        "`filling`: complete once all records have been read again; `hidden` from the sync's user, and `left out` by a person: the column keeps its earlier values.",
      ),
    since: z.iso.datetime().nullable().describe('Of the state; null: it is mirrored.'),
    replaces: z
      .string()
      .nullable()
      .describe(
        'The field has another type now: the column with its earlier values, whose name this one takes when it is complete.',
      ),
    note: z
      .string()
      .nullable()
      .describe('Why it does not have the values, as the predicate of a sentence about it.'),
  })
  .meta({ id: 'Column' });

export const columnsSchema = z
  .object({
    sobject: z.string(),
    columns: z
      .array(columnSchema)
      .describe('In their order. Fields without a column: `fields_without_value` of the object.'),
    as_of: asOf,
  })
  .meta({ id: 'Columns' });
export type ColumnView = z.infer<typeof columnSchema>;
