import { dataPath } from '../http/answer.ts';
import type { SObjectDef } from '../schema/schema.ts';

/** The addresses that describe and describeGlobal tell of an sobject. */
const withoutPages = ['rowTemplate', 'defaultValues', 'describe', 'sobject'];
const withPages = ['compactLayouts', ...withoutPages, 'layouts'];
const ofRecordsWithViews = ['approvalLayouts', 'listviews', 'quickActions'];

/** Besides those of every sobject with pages. As recorded, no other fact of a describe tells of them. */
const furtherNames: Readonly<Record<string, readonly string[]>> = {
  Account: ofRecordsWithViews,
  Asset: ofRecordsWithViews,
  Campaign: ofRecordsWithViews,
  Case: [...ofRecordsWithViews, 'caseArticleSuggestions', 'caseRowArticleSuggestions'],
  Contact: ofRecordsWithViews,
  Contract: ofRecordsWithViews,
  Event: ['quickActions', 'eventSeriesUpdates'],
  Lead: ofRecordsWithViews,
  Opportunity: ofRecordsWithViews,
  OpportunityContactRole: ['quickActions'],
  Product2: ['approvalLayouts', 'quickActions'],
  Task: ['quickActions'],
  User: ['quickActions', 'namedLayouts', 'passwordUtilities'],
};

/** Recorded describes of version 48 have it, and those of version 56 have not; which one was the last is not known. */
const defaultValuesUntil = 48;

/** By name, in the order of the recorded answers. */
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

export function urlsOf(def: SObjectDef, version: string): Record<string, string> {
  const path = dataPath(version, 'sobjects', def.name);
  const further = furtherNames[def.name] ?? (def.custom ? ofRecordsWithViews : []);
  const names = new Set(def.layoutable === false ? withoutPages : [...withPages, ...further]);
  if (Number(version) > defaultValuesUntil) names.delete('defaultValues');
  return Object.fromEntries(
    places.filter(([name]) => names.has(name)).map(([name, below]) => [name, path + below]),
  );
}

/** Where people see a record, change it and make one; `orgUrl` has no slash at the end. */
export const pagesOf = (def: SObjectDef, orgUrl: string): Record<string, string> =>
  def.layoutable === false
    ? {}
    : {
        uiDetailTemplate: `${orgUrl}/{ID}`,
        uiEditTemplate: `${orgUrl}/{ID}/e`,
        uiNewRecord: `${orgUrl}/${def.keyPrefix}/e`,
      };
