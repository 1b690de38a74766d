/**
 * Objects that Salesforce does not let anybody read page by page, although many of their descriptions say that they
 * can be queried. Nothing in a description tells, so they are listed.
 *
 * Sources: the lists that Airbyte's, Singer's and Redpanda's Salesforce connectors have gathered from refusals of real
 * orgs; for ContentDocumentLink, ContentHubItem, big and external objects "SOQL Limits on Objects" in the SOQL
 * reference, "SOQL with Big Objects" and "External Objects" (SOAP API guide). An object that is missing here is found
 * by its first refusal, which stops it alone.
 */

const lowerCase = (names: readonly string[]): ReadonlySet<string> =>
  new Set(names.map((name) => name.toLowerCase()));

/** The fields of which one has to be fixed, where the refusal says so. */
const neededFilters: ReadonlyMap<string, string> = new Map(
  Object.entries({
    ContentDocumentLink: 'ContentDocumentId or LinkedEntityId',
    ContentFolderItem: 'ParentContentFolderId',
    ContentFolderMember: 'ChildRecordId or ParentContentFolderId',
    ContentHubItem: 'ExternalId or ContentHubRepositoryId',
    ContentVersionRenditionContent: 'ContentVersionId',
    IdeaComment: 'CommunityId',
    UserEntityAccess: 'UserId or DurableId',
    UserFieldAccess: 'UserId or DurableId',
    Vote: 'ParentId or Parent.Type',
  }).map(([name, fields]) => [name.toLowerCase(), fields]),
);

const needsFilter = lowerCase([
  'Announcement',
  'ApexTypeImplementor',
  'AppTabMember',
  'CollaborationGroupRecord',
  'ColorDefinition',
  'DataStatistics',
  'DatacloudDandBCompany',
  'EntityParticle',
  'FieldDefinition',
  'FlexQueueItem',
  'FlowTestView',
  'FlowVariableView',
  'FlowVersionView',
  'IconDefinition',
  'NetworkUserHistoryRecent',
  'OwnerChangeOptionInfo',
  'PicklistValueInfo',
  'PlatformAction',
  'RelatedListColumnDefinition',
  'RelatedListDefinition',
  'RelationshipDomain',
  'RelationshipInfo',
  'SearchLayout',
  'SiteDetail',
]);

/** Most of them are parts of other records' answers. */
const answersNoQuery = lowerCase([
  'ActivityHistory',
  'ActivityMetric',
  'ActivityMetricRollup',
  'AggregateResult',
  'AttachedContentDocument',
  'AttachedContentNote',
  'CombinedAttachment',
  'ContentBody',
  'DataType',
  'DatacloudAddress',
  'EmailStatus',
  'FeedLike',
  'FeedSignal',
  'FeedTrackedChange',
  'FolderedContentDocument',
  'ListViewChartInstance',
  'LookedUpFromActivity',
  'Name',
  'NoteAndAttachment',
  'OpenActivity',
  'OutgoingEmail',
  'OutgoingEmailRelation',
  'OwnedContentDocument',
  'ProcessInstanceHistory',
  'QuoteTemplateRichTextData',
  'UserRecordAccess',
]);

/**
 * Standard objects that are big objects. Those of Real-Time Event Monitoring can be filtered by EventDate and
 * EventIdentifier alone ("Real-Time Event Monitoring Data Storage" in the Security Guide, which says of each store
 * what it is; those of Threat Detection, such as CredentialStuffingEventStore, are ordinary). FieldHistoryArchive and
 * ActivityFieldHistory: the Object Reference.
 */
const bigObjects = lowerCase([
  'ActivityFieldHistory',
  'ApiEvent',
  'BulkApiResultEventStore',
  'FieldHistoryArchive',
  'FileEventStore',
  'IdentityProviderEventStore',
  'IdentityVerificationEvent',
  'LightningUriEvent',
  'ListViewEvent',
  'LoginAsEvent',
  'LoginEvent',
  'LogoutEvent',
  'PermissionSetEventStore',
  'ReportEvent',
  'UriEvent',
]);

const bigObject = 'is a big object, which can only be queried along its index';

const kinds: readonly [pattern: RegExp, restriction: string][] = [
  [/(ChangeEvent|EventStream|__e)$/i, 'is a stream of events, which are pushed and not stored'],
  [/__b$/i, bigObject],
  [/__x$/i, 'is an external object, whose records Salesforce neither stores nor tracks'],
];

/** As the end of a sentence that begins with the object's name; null for one that can be read page by page. */
export function restrictionOf(sobject: string): string | null {
  const name = sobject.toLowerCase();
  const filter = neededFilters.get(name);
  if (filter !== undefined) return `can only be queried with a filter on ${filter}`;
  if (needsFilter.has(name)) return 'can only be queried with a filter';
  if (answersNoQuery.has(name)) return 'allows no query';
  if (bigObjects.has(name)) return bigObject;
  return kinds.find(([pattern]) => pattern.test(sobject))?.[1] ?? null;
}

/** Objects whose times cannot stand in a condition, whatever their descriptions say (Airbyte's list). */
const refusesFilterByTime = lowerCase([
  'EmbeddedServiceDetail',
  'EmbeddedServiceLabel',
  'FormulaFunction',
  'FormulaFunctionAllowedType',
  'FormulaFunctionCategory',
  'Publisher',
  'RecordActionHistory',
  'TabDefinition',
]);

export const isFilteredByTime = (sobject: string) => !refusesFilterByTime.has(sobject.toLowerCase());

/**
 * Custom metadata types refuse OR, COUNT, GROUP BY and LIMIT ("SOQL Operations and Clauses" of the custom metadata types
 * guide, and Salesforce's answers): they are asked by AND and ORDER BY alone, and their pages are cut where Salesforce
 * cuts them.
 */
export const takesPlainQueriesOnly = (sobject: string): boolean => /__mdt$/i.test(sobject);
