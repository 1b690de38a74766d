import { dataPath } from '../http/answer.ts';
import type { SObjectDef } from '../schema/schema.ts';

/** The URLs that describe and describeGlobal list for an sobject. */
const withoutPages = ['rowTemplate', 'defaultValues', 'describe', 'sobject'];
const withPages = ['compactLayouts', ...withoutPages, 'layouts'];
const ofRecordsWithViews = ['approvalLayouts', 'listviews', 'quickActions'];

/** In addition to those of every sobject with pages: recorded, and not implied by the rest of the describe. */
const furtherNames: Readonly<Record<string, readonly string[]>> = {
  Account: ofRecordsWithViews,
  Asset: ofRecordsWithViews,
  Campaign: ofRecordsWithViews,
  Case: [...ofRecordsWithViews, 'caseArticleSuggestions', 'caseRowArticleSuggestions'],
  Contact: ofRecordsWithViews,
  Contract: ofRecordsWithViews,
  Event: ['quickActions', 'eventSeriesUpdates'],
  FeedItem: ['quickActions'],
  Lead: ofRecordsWithViews,
  Opportunity: ofRecordsWithViews,
  OpportunityContactRole: ['quickActions'],
  Product2: ['approvalLayouts', 'quickActions'],
  Task: ['quickActions'],
  User: ['quickActions', 'namedLayouts', 'passwordUtilities'],
};

/** Recorded, too. */
const withoutCompactLayouts: ReadonlySet<string> = new Set(['FeedItem']);

/** Recorded describes of version 48 have it, those of version 56 do not; which version was the last is unknown. */
const defaultValuesUntil = 48;

/** In the order of the recorded answers. */
const places: readonly [name: string, below: string][] = [
  ['compactLayouts', '/describe/compactLayouts'],
  ['rowTemplate', '/{ID}'],
  ['namedLayouts', '/describe/namedLayouts/{LayoutName}'],
  ['passwordUtilities', '/{ID}/password'],
  ['approvalLayouts', '/describe/approvalLayouts'],
  ['caseArticleSuggestions', '/suggestedArticles'],
  ['caseRowArticleSuggestions', '/{ID}/suggestedArticles'],
  ['eventSeriesUpdates', '/{ID}/fromThisEventOnwards'],
  ['defaultValues', '/defaultValues?recordTypeId&fields'],
  ['listviews', '/listviews'],
  ['describe', '/describe'],
  ['quickActions', '/quickActions'],
  ['layouts', '/describe/layouts'],
  ['sobject', ''],
];

/**
 * The names that stand for a resource where a path may also have an Id or an external id field, served or not; the last
 * ones are in no describe.
 */
export const resourceNames: ReadonlySet<string> = new Set([
  ...places.flatMap(([, below]) => /^\/(\w+)/.exec(below)?.[1] ?? []),
  'updated',
  'deleted',
  'eventSchema',
]);

export function urlsOf(def: SObjectDef, version: string): Record<string, string> {
  const path = dataPath(version, 'sobjects', def.name);
  const further = furtherNames[def.name] ?? (def.custom ? ofRecordsWithViews : []);
  const names = new Set(def.layoutable === false ? withoutPages : [...withPages, ...further]);
  if (withoutCompactLayouts.has(def.name)) names.delete('compactLayouts');
  if (Number(version) > defaultValuesUntil) names.delete('defaultValues');
  return Object.fromEntries(
    places.filter(([name]) => names.has(name)).map(([name, below]) => [name, path + below]),
  );
}

/** The pages on which people view, edit and create a record; `orgUrl` has no trailing slash. */
export const pagesOf = (def: SObjectDef, orgUrl: string): Record<string, string> =>
  def.layoutable === false
    ? {}
    : {
        uiDetailTemplate: `${orgUrl}/{ID}`,
        uiEditTemplate: `${orgUrl}/{ID}/e`,
        uiNewRecord: `${orgUrl}/${def.keyPrefix}/e`,
      };
