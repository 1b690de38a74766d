/** What tests outside this package use of this room, besides its index. */

export { type Writer } from '../org.ts';
export { type LogCursor, type LogEntry, logStart, readCommitLog } from './commit-log.ts';
export { deleteRecord, insertRecord, updateRecord } from './dml.ts';
export { columnValues } from './field-values.ts';
export { recordId } from './ids.ts';
