/** What Salesforce refuses in a query because of the sobject that it queries. */
import type { SObjectDef } from '../schema/schema.ts';
import type { Soql } from './ast.ts';
import { checkBigObjectQuery } from './big-object-query.ts';
import { checkMetadataQuery } from './metadata-query.ts';
import { checkNeededFilter } from './needed-filter.ts';

/** @throws {@link SoqlError} for a query, or the inner query of a semi-join, that the sobject does not support */
export function checkRestrictions(query: Soql, def: SObjectDef): void {
  checkNeededFilter(query, def);
  checkMetadataQuery(query, def);
  checkBigObjectQuery(query, def);
}
