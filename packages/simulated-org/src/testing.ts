/** What tests outside this package need of this room, besides its index. */

export { type Org, openOrg, writeTransaction } from './org.ts';
