/** A link that signs a browser on this machine in without a password, once. For the demo, which has no administrator. */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { Clock } from '@lockstep/foundation/clock';

export const signInLinkMinutes = 15;

export interface SignInLink {
  /** For the fragment of the link, which a browser sends to no server. */
  secret: string;
  /** True the first time that the secret is given while it is valid. */
  take: (given: string) => boolean;
}

/** Kept in memory alone: it ends with the server that has shown it. */
export function makeSignInLink(clock: Clock): SignInLink {
  const secret = randomBytes(16).toString('base64url');
  const expiresAt = clock.now() + signInLinkMinutes * 60_000;
  let isUsed = false;
  const isRight = (given: string) => {
    const [one, other] = [Buffer.from(given), Buffer.from(secret)];
    return one.length === other.length && timingSafeEqual(one, other);
  };
  return {
    secret,
    take(given) {
      if (isUsed || clock.now() >= expiresAt || !isRight(given)) return false;
      isUsed = true;
      return true;
    },
  };
}
