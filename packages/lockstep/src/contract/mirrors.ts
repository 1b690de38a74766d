/** The mirror of a sync: its readers, and queries on it. */
import { z } from 'zod';
import { readerName } from '../core/given-names.ts';

export const readerSchema = z
  .object({ name: z.string(), login: z.string().describe('Its role in PostgreSQL.') })
  .meta({ id: 'Reader' });

export const newReaderSchema = z
  .strictObject({
    name: z
      .string()
      .regex(readerName, 'up to 20 of a-z, 0-9 and _, the first a letter')
      .describe('Of the application, for example.'),
  })
  .meta({ id: 'NewReader' });

export const readerOnceSchema = readerSchema
  .extend({ mirror_url: z.string().describe('With the password, which is stored nowhere.') })
  .meta({ id: 'ReaderOnce' });

export const rowsMax = 10_000;

export const querySchema = z
  .strictObject({ query: z.string().min(1).max(100_000).describe('One statement.') })
  .meta({ id: 'Query' });

export const queryResultSchema = z
  .object({
    columns: z.array(z.string()).describe('Several may have the same name.'),
    rows: z.array(z.array(z.string().nullable())).describe("Values as PostgreSQL's own text."),
    is_cut: z.boolean().describe(`There are more rows than these; an answer has ${rowsMax} at most.`),
  })
  .meta({ id: 'QueryResult' });
