/** What tests in other packages need from this room besides its index. */

export { type Key, keyFromBytes, newKeyBytes } from './sealing.ts';
export { recordSync } from './syncs.ts';
