/** What tests outside this package need of this room, besides its index. */

export { columnOf } from './columns.ts';
