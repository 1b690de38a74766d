/** How a request fails: problem details (RFC 9457). */
import { z } from 'zod';
import type { ErrorKind } from '../core/request-error.ts';

const kinds = [
  'unexpected',
  'usage',
  'not healthy',
  'not found',
  'not allowed',
  'Salesforce refused',
  'database refused',
  'time ran out',
  'interrupted',
] as const satisfies readonly ErrorKind[];

export const problemSchema = z
  .object({
    type: z.string().describe('Where the error is explained, relative to the server.'),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z
      .string()
      .describe('Never changes; docs/errors.md lists all of them. The SQLSTATE of a failed query.'),
    kind: z.enum(kinds).describe('What is wrong, in general.'),
    next: z
      .string()
      .describe('What to do about it, in words of the command line; empty if there is nothing to do.'),
    errors: z
      .array(
        z.object({
          field: z.string().describe('As a path: login_url, objects.3; empty for the request as a whole.'),
          reason: z.string(),
          code: z.string().describe('As that of the problem; empty without one.'),
          next: z.string().describe('The one repair; empty if the reason says it.'),
        }),
      )
      .describe('Everything that is wrong with the request. The problem itself tells the first.'),
    lines: z.array(z.string()).describe('Further lines, such as the place of an error in a query.'),
    request_id: z.string().describe('Stands in the log line of the request.'),
  })
  .meta({ id: 'Problem' });
export type Problem = z.infer<typeof problemSchema>;
