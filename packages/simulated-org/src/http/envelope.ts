import type { z } from 'zod';
import { parserError } from './errors.ts';

/**
 * A body of several requests or records as its schema reads it.
 *
 * @param what  names the body in the refusal: `The batch request`
 * @throws {@link OrgError} JSON_PARSER_ERROR, with the places that do not fit. The text is not confirmed by a recorded answer.
 */
export function readEnvelope<Schema extends z.ZodType>(
  schema: Schema,
  body: unknown,
  what: string,
): z.infer<Schema> {
  const read = schema.safeParse(body);
  if (read.success) return read.data;
  const where = read.error.issues.map((issue) => issue.path.join('.') || 'the body').join(', ');
  throw parserError(`${what} is not well formed at: ${where}`);
}
