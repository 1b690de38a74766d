/** What tests outside this package need from this folder, besides its index. */

export type { UpstreamAnswer } from './forward.ts';
export { zeroTimes } from './request-times.ts';
export type { ProxyDeps } from './server.ts';
export { type AppliedHeader, runWriteThrough, traceRecordWrite } from './write-through.ts';
export type { RecordWrite } from './writes-of.ts';
