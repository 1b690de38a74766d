import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  type KeyObject,
  sign,
} from 'node:crypto';
import { promisify } from 'node:util';
import { sql } from '@lockstep/foundation/sql';
import { type Answer, answer } from '../http/answer.ts';
import type { Org } from '../org.ts';
import { toServed } from '../write/stored-text.ts';
import { openIdClaims } from './identity.ts';
import { identityUrl, personOf } from './people.ts';

/** Id tokens, which tell an OpenID client who signed in, and the key by which it verifies them. */
const lifeSeconds = 120;
const rsaBits = 2048;
const newKeyPair = promisify(generateKeyPair);

interface IdTokenFacts {
  clientId: string;
  userId: string;
  accessToken: string;
  nonce?: string | null | undefined;
}

export async function idToken(org: Org, facts: IdTokenFacts): Promise<string | undefined> {
  const person = await personOf(org, facts.userId);
  if (!person) return undefined;
  const issuedAt = Math.floor(org.clock.now() / 1000);
  const key = await signingKey(org);
  const head = { alg: 'RS256', typ: 'JWT', kid: keyId(key) };
  const claims = {
    iss: org.url,
    sub: identityUrl(org, facts.userId),
    aud: facts.clientId,
    iat: issuedAt,
    exp: issuedAt + lifeSeconds,
    at_hash: createHash('sha256').update(facts.accessToken).digest().subarray(0, 16).toString('base64url'),
    ...(facts.nonce != null && { nonce: facts.nonce }),
    ...openIdClaims(org, person),
  };
  const signed = [head, claims].map((part) => base64url(toServed(JSON.stringify(part)))).join('.');
  return `${signed}.${sign('RSA-SHA256', Buffer.from(signed), key).toString('base64url')}`;
}

const base64url = (text: string): string => Buffer.from(text).toString('base64url');

/** Created when first needed; of two created concurrently, one is kept. */
async function signingKey(org: Pick<Org, 'db'>): Promise<KeyObject> {
  const read = () => org.db.query<{ pem: string }>(sql`SELECT private_pem AS pem FROM simulator.signing_key`);
  const [known] = await read();
  if (known) return createPrivateKey(known.pem);
  const { privateKey } = await newKeyPair('rsa', { modulusLength: rsaBits });
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' });
  await org.db.query(sql`
    INSERT INTO simulator.signing_key (id, private_pem) VALUES (1, ${pem}) ON CONFLICT DO NOTHING`);
  const [kept] = await read();
  return createPrivateKey(kept?.pem ?? pem);
}

/** The thumbprint of the key (RFC 7638), so that a new key has a new name. */
function keyId(key: KeyObject): string {
  const { e, kty, n } = createPublicKey(key).export({ format: 'jwk' });
  return createHash('sha256').update(JSON.stringify({ e, kty, n })).digest('base64url');
}

/** `/id/keys` */
export async function keys(org: Org): Promise<Answer> {
  const key = await signingKey(org);
  const { e, kty, n } = createPublicKey(key).export({ format: 'jwk' });
  return answer(200, { keys: [{ kid: keyId(key), kty, n, e, alg: 'RS256', use: 'sig' }] });
}

/** `/.well-known/openid-configuration`: what this org's sign-in supports, and where. */
export function openIdConfiguration(org: Org): Answer {
  const oauth = `${org.url}/services/oauth2`;
  return answer(200, {
    issuer: org.url,
    authorization_endpoint: `${oauth}/authorize`,
    token_endpoint: `${oauth}/token`,
    revocation_endpoint: `${oauth}/revoke`,
    userinfo_endpoint: `${oauth}/userinfo`,
    introspection_endpoint: `${oauth}/introspect`,
    jwks_uri: `${org.url}/id/keys`,
    scopes_supported: [
      'api',
      'web',
      'full',
      'refresh_token',
      'offline_access',
      'id',
      'openid',
      'profile',
      'email',
    ],
    response_types_supported: ['code'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256'],
    display_values_supported: ['page', 'popup', 'touch'],
    token_endpoint_auth_methods_supported: ['client_secret_post', 'client_secret_basic'],
    code_challenge_methods_supported: ['S256'],
    claims_supported: [
      'sub',
      'user_id',
      'organization_id',
      'preferred_username',
      'nickname',
      'name',
      'email',
      'email_verified',
      'given_name',
      'family_name',
      'zoneinfo',
      'photos',
      'profile',
      'picture',
      'address',
      'urls',
      'active',
      'user_type',
      'language',
      'locale',
      'utcOffset',
      'updated_at',
    ],
  });
}
