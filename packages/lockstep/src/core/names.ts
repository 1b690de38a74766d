import { createHash } from 'node:crypto';

/** PostgreSQL cuts longer names silently. */
const nameBytesMax = 63;
const suffixLength = 8;

/**
 * The PostgreSQL name of an sobject or a field: its API name in lower case. A name over 63 bytes, or one that
 * another API name has already taken, ends in a hash of the API name, so that it stays the same whatever else the
 * org has.
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
