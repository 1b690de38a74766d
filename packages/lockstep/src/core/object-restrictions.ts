/**
 * Objects that Salesforce does not let anybody read page by page, although many of their describes claim that they can
 * be queried. Nothing in a describe shows it, so they are listed here.
 *
 * Sources: the lists that Airbyte's, Singer's and Redpanda's Salesforce connectors have gathered from refusals by real
 * orgs; for ContentHubItem, big and external objects "SOQL Limits on Objects" in the SOQL reference, "SOQL with Big
 * Objects" and "External Objects" (SOAP API guide); for filters on one Id Salesforce's own refusals, as quoted in
 * singer-io/tap-salesforce pull request 64 and afawcett/apex-sobjectdataloader issue 13. An object that is missing from
 * these lists is refused at its first query, which stops only that object.
 */

const lowerCase = (names: readonly string[]): ReadonlySet<string> =>
  new Set(names.map((name) => name.toLowerCase()));

/** By lower-case API name. */
const byName = <Value>(values: Record<string, Value>): ReadonlyMap<string, Value> =>
  new Map(Object.entries(values).map(([name, value]) => [name.toLowerCase(), value]));

/** What must be in the filter, if Salesforce's error says so. With `=` only, each record would cost a request. */
const neededFilters = byName({
  Announcement: 'one FeedItemId or ParentId',
  CollaborationGroupRecord: 'one CollaborationGroupId or RecordId',
  ContentFolderMember: 'one ChildRecordId or ParentContentFolderId',
  ContentHubItem: 'ExternalId or ContentHubRepositoryId',
  ContentVersionRenditionContent: 'ContentVersionId',
  UserEntityAccess: 'UserId or DurableId',
  UserFieldAccess: 'UserId or DurableId',
  Vote: 'one ParentId or one Parent.Type',
});

/**
 * Objects that can be queried only with a list of Ids, of their own records or of those in one of these fields. They
 * are read by their parents: the mirror asks for the records of the parents that it has.
 *
 * Sources: ContentDocumentLink: "SOQL Limits on Objects", Airbyte's pull request 33342. ContentFolderItem, IdeaComment:
 * Salesforce's own refusals, which name these fields with `IN` (mannharleen/salesforce-data-downloader). Since version
 * 59.0 a user who has Query All Files may query ContentDocumentLink without a filter; most do not have it.
 */
const readByParents = byName<{ fields: readonly string[]; parent: string }>({
  ContentDocumentLink: { fields: ['ContentDocumentId', 'LinkedEntityId'], parent: 'ContentDocument' },
  ContentFolderItem: { fields: ['ParentContentFolderId'], parent: 'ContentFolder' },
  IdeaComment: { fields: ['IdeaId'], parent: 'Idea' },
});

/** The fields by which it is read; null: it needs no such filter. */
export const parentFieldsOf = (sobject: string): readonly string[] | null =>
  readByParents.get(sobject.toLowerCase())?.fields ?? null;

/** The object in the first of these fields, which a sync must mirror as well; null: none. */
export const neededParentOf = (sobject: string): string | null =>
  readByParents.get(sobject.toLowerCase())?.parent ?? null;

const needsFilter = lowerCase([
  'ApexTypeImplementor',
  'AppTabMember',
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

/** Most of them appear only inside the answers for other objects. */
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
 * Standard objects that are big objects. Those of Real-Time Event Monitoring can only be filtered by EventDate and
 * EventIdentifier ("Real-Time Event Monitoring Data Storage" in the Security Guide, which says which stores are big
 * objects; those of Threat Detection, such as CredentialStuffingEventStore, are not). For FieldHistoryArchive and
 * ActivityFieldHistory see the Object Reference.
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

/** The predicate of a sentence about the object; null if it can be read page by page. */
export function restrictionOf(sobject: string): string | null {
  const name = sobject.toLowerCase();
  const filter = neededFilters.get(name);
  if (filter !== undefined) return `can only be queried with a filter on ${filter}`;
  if (needsFilter.has(name)) return 'can only be queried with a filter';
  if (answersNoQuery.has(name)) return 'allows no query';
  if (bigObjects.has(name)) return bigObject;
  return kinds.find(([pattern]) => pattern.test(sobject))?.[1] ?? null;
}

/** Objects whose times cannot be used in a condition, whatever their describes say (Airbyte's list). */
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

/** Not in addition to a list of parents either: Salesforce refuses other fields in such a filter. */
export const canFilterByTime = (sobject: string) =>
  !refusesFilterByTime.has(sobject.toLowerCase()) && parentFieldsOf(sobject) === null;

/**
 * Posts and assignments of topics, of which a user who may not view all data gets only those of a given record, or a
 * thousand of them ("SOQL Limits on Objects").
 */
export const needsViewAllData = (sobject: string): boolean =>
  /^(Feed(Item|Comment|Attachment)|TopicAssignment)$|\wFeed$/i.test(sobject);

/**
 * Custom metadata types refuse OR, COUNT, GROUP BY and LIMIT ("SOQL Operations and Clauses" in the custom metadata
 * types guide, and Salesforce's answers): their queries use only AND and ORDER BY, and their pages end where Salesforce
 * ends them.
 */
export const takesPlainQueriesOnly = (sobject: string): boolean => /__mdt$/i.test(sobject);
