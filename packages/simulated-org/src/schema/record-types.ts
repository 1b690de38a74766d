import type { Tx } from '@lockstep/foundation/database';
import { sql } from '@lockstep/foundation/sql';
import type { SObjectDef } from './schema.ts';

/** An sobject's record types as describe lists them: the rows of RecordType, and Master for records without one. */
export interface RecordTypeRow {
  id: string;
  name: string;
  developerName: string;
  isActive: boolean;
  /** Epoch ms. */
  changedAt: number;
}

const masterId = '012000000000000AAA';

/** In the order of their Ids: a new record gets the first active one. */
export const recordTypesOf = async (tx: Tx, def: SObjectDef): Promise<RecordTypeRow[]> => {
  const rows = await tx.query<RecordTypeRow>(sql`
    SELECT "Id" AS id, "Name" AS name, "DeveloperName" AS "developerName", "IsActive" AS "isActive",
           (extract(epoch FROM "SystemModstamp") * 1000)::bigint AS "changedAt"
      FROM org."RecordType" WHERE "SobjectType" = ${def.name} ORDER BY "Id"`);
  return rows;
};

/** @param path  of the sobject, `/services/data/v62.0/sobjects/Account` */
export function recordTypeInfos(path: string, def: SObjectDef, rows: readonly RecordTypeRow[]) {
  if (def.layoutable === false || def.mruEnabled === false) return [];
  const standard = rows.find(({ isActive }) => isActive)?.id ?? masterId;
  const info = (id: string, name: string, developerName: string, isActive: boolean) => ({
    active: isActive,
    available: isActive,
    defaultRecordTypeMapping: id === standard,
    developerName,
    master: id === masterId,
    name,
    recordTypeId: id,
    urls: { layout: `${path}/describe/layouts/${id}` },
  });
  return [
    ...rows.map(({ id, name, developerName, isActive }) => info(id, name, developerName, isActive)),
    info(masterId, 'Master', 'Master', true),
  ];
}
