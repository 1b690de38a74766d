/** What tests outside this package use of this room, besides its index. */

export { columnOf } from './columns.ts';
