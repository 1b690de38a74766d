import { createPrivateKey } from 'node:crypto';
import type { z } from 'zod';
import type { newCredentialSchema } from '../contract/credentials.ts';
import type { Credential } from '../core/credential.ts';
import { usageError } from '../core/request-error.ts';

/** @throws a usage error: the private key cannot be used */
export function credentialOf(given: z.infer<typeof newCredentialSchema>): Credential {
  const { flow, client_id: clientId } = given;
  switch (flow) {
    case 'client credentials':
      return { flow, clientId, clientSecret: given.client_secret };
    case 'jwt bearer':
      return { flow, clientId, username: given.username, privateKey: usableKey(given.private_key) };
    case 'refresh token':
      return {
        flow,
        clientId,
        clientSecret: given.client_secret ?? null,
        refreshToken: given.refresh_token,
      };
  }
}

/** In PKCS #8. */
function usableKey(pem: string): string {
  try {
    const key = createPrivateKey(pem);
    if (key.asymmetricKeyType === 'rsa') return key.export({ type: 'pkcs8', format: 'pem' }).toString();
  } catch {
    // the reason may quote what was given
  }
  throw usageError(
    'The private key cannot be used: it must be an RSA key in PEM, without a passphrase',
    'openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 makes one',
  );
}
