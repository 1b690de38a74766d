/** What tests outside this package need from this room, besides its index. */

export { claimRunFile, readRunFile } from '../operations/run-file.ts';
export { eraseDirectory, prepareDirectory } from './directory.ts';
