/** What tests outside this package need from this room, besides its index. */

export { eraseDirectory, prepareDirectory } from './directory.ts';
export { claimRunFile, readRunFile } from './run-file.ts';
