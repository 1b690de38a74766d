/** Key pairs for the JWT bearer flow, made here: the private key never leaves, the certificate goes to Salesforce. */
import { generateKeyPair } from 'node:crypto';
import { promisify } from 'node:util';
import { selfSignedCertificate } from '@lockstep/foundation/self-signed-certificate';
import { Fault } from '../core/faults.ts';
import { type Control, keyOf } from './database.ts';
import {
  deleteJwtKey,
  insertJwtKey,
  type JwtKeyRow,
  selectJwtKeys,
  selectPrivateKey,
} from './jwt-key-sql.ts';
import { seal, unseal } from './sealing.ts';

export interface JwtKey {
  name: string;
  /** PEM. */
  certificate: string;
  /** As the server prints them. */
  createdAt: string;
  expiresAt: string;
}

const placeOf = (name: string) => ({ table: 'jwt_key', column: 'sealed_private_key', rowId: name });

/** Salesforce refuses an expired certificate, on a day that nobody remembers. */
const lastsYears = 10;
const dayMs = 86_400_000;

/** @throws Fault `CFG-03`: the name is taken */
export async function createJwtKey(control: Control, name: string): Promise<JwtKey> {
  const pair = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 });
  const now = control.clock.now();
  const notAfter = new Date(now).setUTCFullYear(new Date(now).getUTCFullYear() + lastsYears);
  const certificate = selfSignedCertificate(pair, {
    commonName: `Lockstep ${name}`,
    notBefore: now - dayMs, // the clock of this machine may be ahead
    notAfter,
  });
  const privateKey = pair.privateKey.export({ type: 'pkcs8', format: 'pem' });
  const [row] = await insertJwtKey(control.db, {
    name,
    certificate,
    sealedPrivateKey: seal(keyOf(control), placeOf(name), Buffer.from(privateKey)),
    expiresAt: new Date(notAfter).toISOString(),
  });
  if (row) return toJwtKey(row);
  throw new Fault('CFG-03', { reason: `A key named ${JSON.stringify(name)} already exists` });
}

/** By name. */
export const listJwtKeys = async (control: Control): Promise<JwtKey[]> =>
  (await selectJwtKeys(control.db)).map(toJwtKey);

/** The private key, in PEM; null: there is no such key. @throws Fault `KEY-nn` */
export async function openJwtKey(control: Control, name: string): Promise<string | null> {
  const [row] = await selectPrivateKey(control.db, name);
  return row ? unseal(keyOf(control), placeOf(name), row.sealed_private_key).toString() : null;
}

/** Syncs that use it have copies. False: there is no such key. */
export const dropJwtKey = async (control: Control, name: string): Promise<boolean> =>
  (await deleteJwtKey(control.db, name)).length > 0;

const toJwtKey = (row: JwtKeyRow): JwtKey => ({
  name: row.name,
  certificate: row.certificate,
  createdAt: row.created_at,
  expiresAt: row.expires_at,
});
