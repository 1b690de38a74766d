/** Where a page of a list ends, as a text for the next request. */
import { z } from 'zod';

export const tokenOf = (place: object): string => Buffer.from(JSON.stringify(place)).toString('base64url');

/** Null: none is given, or not one of ours, so that the list begins anew. */
export function placeOf<Form extends z.ZodType>(form: Form, token: string | undefined): z.infer<Form> | null {
  if (token === undefined) return null;
  try {
    return form.parse(JSON.parse(Buffer.from(token, 'base64url').toString('utf8')));
  } catch {
    return null;
  }
}
