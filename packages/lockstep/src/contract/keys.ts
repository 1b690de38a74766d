/** Keys that programs hold: of this API, or of a sync's proxy. */
import { z } from 'zod';
import { givenName } from '../core/given-names.ts';

const time = z.iso.datetime().nullable();
const scope = z.enum(['read', 'write']).describe('read: only what changes nothing.');
const name = z.string().regex(givenName, 'up to 60 letters, digits, spaces and . _ -');

export const keySchema = z
  .object({
    name: z.string(),
    scope,
    created_at: time,
    expires_at: time,
    last_used_at: time,
    is_expired: z.boolean(),
  })
  .meta({ id: 'ApiKey' });

export const newKeySchema = z
  .strictObject({ name, scope, expires_in_days: z.int().min(1).max(3_650).optional() })
  .meta({ id: 'NewApiKey' });
export type NewKey = z.infer<typeof newKeySchema>;

export const keyOnceSchema = keySchema.extend({ key: z.string() }).meta({ id: 'ApiKeyOnce' });
