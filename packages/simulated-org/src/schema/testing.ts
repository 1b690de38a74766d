/** What tests outside this package use of this room, besides its index. */

export { createTables } from './org-tables.ts';
export type { FieldDef, SObjectDef } from './schema.ts';
export { mapOf } from './schema-storage.ts';
export { tableOf } from './storage.ts';
export { createTable } from './tables.ts';
