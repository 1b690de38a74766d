/** What tests outside this package use of this room, besides its index. */

export type { ControlEndpoint } from './control-endpoint.ts';
export { endpointGroups, schemaOf } from './control-endpoints.ts';
export { namedAnswers } from './named-answers.ts';
