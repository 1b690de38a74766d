import type { RecordId } from './ids.ts';

/**
 * A record that an acknowledged write has changed, as the write identifies it. `sobject` is the API name in lower case.
 * Salesforce answers some upserts without an Id; such a record is only known by its external id.
 */
export type WrittenRecord =
  | { sobject: string; id: RecordId; deleted: boolean }
  | { sobject: string; externalId: { field: string; value: string }; deleted: false };
