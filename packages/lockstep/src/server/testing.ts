/** What tests outside this package need of this room, besides its index. */

export { eraseDirectory, prepareDirectory } from './directory.ts';
export { claimRunFile, readRunFile } from './run-file.ts';
