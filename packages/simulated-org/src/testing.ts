/** What tests outside this package use of this room, besides its index. */

export { openOrg } from './open-org.ts';
export { type Org } from './org.ts';
export { writeTransaction } from './write/open-writes.ts';
