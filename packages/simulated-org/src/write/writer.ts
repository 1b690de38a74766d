import type { Stamp, Writer } from '../org.ts';
import { fieldNamed, type SObjectDef } from '../schema/schema.ts';

/** SystemModstamp is the second of the statement, not of the commit. */
export const stampOf = ({ org, userId, at = org.control.stampTime() }: Writer): Stamp => ({
  userId,
  at: new Date(Math.floor(at / 1000) * 1000).toISOString(),
});

/** The stamps that the sobject has: shares have no SystemModstamp, histories only when they were created. */
export function modifiedColumns(def: SObjectDef, stamp: Stamp): Map<string, unknown> {
  const columns = new Map<string, unknown>();
  if (fieldNamed(def, 'LastModifiedDate')) columns.set('LastModifiedDate', stamp.at);
  if (fieldNamed(def, 'LastModifiedById')) columns.set('LastModifiedById', stamp.userId);
  if (fieldNamed(def, 'SystemModstamp')) columns.set('SystemModstamp', stamp.at);
  return columns;
}

/** `Sforce-Call-Options: client=SforceMdb, defaultNamespace=…` */
export const clientNamed = (callOptions: string | undefined): string | undefined =>
  /(?:^|,)\s*client\s*=\s*([^,\s]{1,255})/i.exec(callOptions ?? '')?.[1];
