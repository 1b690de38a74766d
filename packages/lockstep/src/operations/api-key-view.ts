import type { NewKey } from '../contract/keys.ts';
import type { ApiKey } from '../control/index.ts';
import { inRfc3339 } from '../core/plain-words.ts';

/** A key as programs get it, without what makes it valid. */
export const apiKeyView = ({ name, scope, createdAt, expiresAt, lastUsedAt, isExpired }: ApiKey) => ({
  name,
  scope,
  created_at: inRfc3339(createdAt),
  expires_at: inRfc3339(expiresAt),
  last_used_at: inRfc3339(lastUsedAt),
  is_expired: isExpired,
});

/** A key as a program asks for it. */
export const newApiKey = ({ name, scope, expires_in_days: days }: NewKey) => ({
  name,
  scope,
  expiresInMs: days === undefined ? null : days * 86_400_000,
});
