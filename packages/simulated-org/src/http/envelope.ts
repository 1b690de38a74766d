import type { z } from 'zod';
import { parserError } from './errors.ts';

/**
 * Parses a body of several requests or records by its schema.
 *
 * @param what  names the body in the refusal: `The batch request`
 * @throws {@link OrgError} JSON_PARSER_ERROR, listing the invalid places. No recorded answer confirms the text.
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
