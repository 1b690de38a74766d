/** What tests outside this package use of this room, besides its index. */

export { type LogCursor, type LogEntry, logStart, readCommitLog } from './commit-log.ts';
