/**
 * One HTTP request in front of Salesforce: whom it is for, passing it on, what it wrote, and the mirror brought up to
 * it. Start with `startProxy`; `write-through.ts` shows the walk.
 */
export { type Certificate, readCertificate } from './certificate.ts';
export { openMetrics, type ProxyMetrics } from './metrics.ts';
export { startMetrics } from './metrics-listener.ts';
export { type RunningProxy, startProxy } from './server.ts';
export { openUpstreams } from './upstreams.ts';
