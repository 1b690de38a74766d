import { createHash } from 'node:crypto';

/** PostgreSQL truncates longer names without an error. */
const nameBytesMax = 63;
const suffixLength = 8;

/**
 * The PostgreSQL name of an sobject or a field: its API name in lower case. A name over 63 bytes, or one that is
 * already taken by another API name, ends in a hash of the API name, so that it does not depend on what else the org
 * has.
 */
export function postgresName(apiName: string, taken: ReadonlySet<string>): string {
  const plain = apiName.toLowerCase();
  if (Buffer.byteLength(plain) <= nameBytesMax && !taken.has(plain)) return plain;
  const hash = createHash('sha256').update(apiName).digest('hex').slice(0, suffixLength);
  const kept = Buffer.from(plain)
    .subarray(0, nameBytesMax - suffixLength - 1)
    .toString()
    .replace(/\uFFFD+$/, '');
  return `${kept}_${hash}`;
}
