/** The management API: what people and programs decide about syncs, over HTTP. Its routes call operations. */
export { openApiDocument, type RunningApi, startApi } from './server.ts';
