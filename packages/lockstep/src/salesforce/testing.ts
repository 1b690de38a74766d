/** What tests in other packages need from this room besides its index. */

export { openSalesforce, type Salesforce, type SalesforceOptions } from './client.ts';
export { compositeOf } from './composite.ts';
export { pageOfRecords } from './csv-cells.ts';
export { sliceRecords } from './csv-records.ts';
export { ownSessionStore, type SessionStore } from './session-store.ts';
export { selectRecords, soqlIdOf } from './soql.ts';
