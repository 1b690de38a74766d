import { randomBytes } from 'node:crypto';

declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

/** `s` and 26 characters of lower-case base32, 128 random bits: fits a host label and a role name. */
export type SyncId = Branded<'SyncId'>;
/** A record's Id in its 18-character form. */
export type RecordId = Branded<'RecordId'>;
/** An org's Id (00D…) in its 18-character form. */
export type OrgId = Branded<'OrgId'>;

const base32 = 'abcdefghijklmnopqrstuvwxyz234567';

export function newSyncId(): SyncId {
  let bits = 0n;
  for (const byte of randomBytes(16)) bits = (bits << 8n) | BigInt(byte);
  let text = '';
  for (let index = 0; index < 26; index++) {
    text = base32.charAt(Number(bits & 31n)) + text;
    bits >>= 5n;
  }
  return `s${text}` as SyncId;
}

export const isSyncId = (text: string): text is SyncId => /^s[a-z2-7]{26}$/.test(text);

/**
 * The 18-character form of an Id of 15 or 18 characters; undefined for anything else. Each block of five characters
 * gives one checksum character: bit i is set if character i is an upper-case letter (true of every recorded Id).
 */
export function toLongId(id: string): string | undefined {
  if (!/^[0-9A-Za-z]{15}([0-9A-Za-z]{3})?$/.test(id)) return undefined;
  const short = id.slice(0, 15);
  let checksum = '';
  for (let block = 0; block < 3; block++) {
    let bits = 0;
    for (let index = 0; index < 5; index++) {
      if (/[A-Z]/.test(short.charAt(block * 5 + index))) bits |= 1 << index;
    }
    checksum += 'ABCDEFGHIJKLMNOPQRSTUVWXYZ012345'.charAt(bits);
  }
  return short + checksum;
}

export const toRecordId = (id: string): RecordId | undefined => toLongId(id) as RecordId | undefined;
