/**
 * The HTTP proxy in front of Salesforce: finds the sync of a request, forwards it, finds out what it wrote and
 * updates the mirror. Start with `startProxy`; `write-through.ts` shows the steps of a write.
 */
export { openMetrics, type ProxyMetrics } from './metrics.ts';
export { startMetrics } from './metrics-listener.ts';
export { type RunningProxy, startProxy } from './server.ts';
export { openUpstreams } from './upstreams.ts';
