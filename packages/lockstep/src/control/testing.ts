/** What tests outside this package need of this room, besides its index. */

export { type Key, keyOf, newKeyBytes } from './sealing.ts';
export { recordSync } from './syncs.ts';
