import type { JwtKey } from '../control/index.ts';
import { inRfc3339 } from '../core/plain-words.ts';

/** A key pair as programs get it, without the private key. */
export const jwtKeyView = ({ name, certificate, createdAt, expiresAt }: JwtKey) => ({
  name,
  certificate,
  created_at: inRfc3339(createdAt),
  expires_at: inRfc3339(expiresAt),
});
