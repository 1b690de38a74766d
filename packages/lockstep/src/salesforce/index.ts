/**
 * One org's API. Start with openSalesforce; queryPages reads records; describe.ts and countRecords are for the set-up.
 * Everything else is private to the room.
 */

export {
  abortQueryJob,
  type BulkJobName,
  type BulkJobState,
  type BulkRefusal,
  createQueryJob,
  hasResultPages,
  listResultPages,
  readQueryJob,
  readResultPage,
} from './bulk.ts';
export { type CallerAnswer, type CallerRequest, sendAsCaller } from './caller-request.ts';
export { type OwnSession, openSalesforce, type Salesforce, type SalesforceOptions } from './client.ts';
export type { Query, Resource, ResourceAnswer } from './composite.ts';
export { countRecords } from './counts.ts';
export { pageOfRecords } from './csv-cells.ts';
export {
  type DatedDescribe,
  describeDated,
  describeEach,
  describeResource,
  describeSObjects,
  listSObjects,
  readConditional,
  type SObject,
} from './describe.ts';
export { type DurableIds, readDurableIds, readNames } from './durable-ids.ts';
export { faultOf, isTooMuch, isUnknownField } from './faults.ts';
export { readHiddenFields } from './hidden-fields.ts';
export { allowedOrigin, isAllowedHost, isNamedHost, lookupPublic } from './hosts.ts';
export { joinField } from './join-pages.ts';
export { type OrgFacts, readOrgFacts } from './org-facts.ts';
export { type QueryOutcome, queryPages } from './query.ts';
export { type RecordSummary, summarize } from './record-summary.ts';
export type { Purpose } from './request.ts';
export {
  type LearnedAtSignIn,
  ownSessionStore,
  type SessionStore,
  type SignInState,
  type StoredSession,
  signInMaxMs,
} from './session-store.ts';
export { isApiName, type Select, selectRecords, soqlIdOf, soqlIds, soqlString } from './soql.ts';
export { type Answer, type Usage, usageOf } from './transport.ts';
export { newestVersion, readVersions } from './versions.ts';
export { authorizationUrl, declinedFault, exchangeCode, newVerifier } from './web-flow.ts';
