import { createHash } from 'node:crypto';
import { type Answer, answer, dataPath } from '../http/answer.ts';
import { type Call } from '../http/call.ts';
import { methodNotAllowed } from '../http/errors.ts';
import { type RecordTypeRow, recordTypeInfos, recordTypesOf } from '../schema/record-types.ts';
import { referencesTo, relationshipToChildren } from '../schema/relationships.ts';
import { type FieldDef, fieldNamed, type SObjectDef } from '../schema/schema.ts';
import { describeField } from './describe-field.ts';
import { pagesOf, urlsOf } from './describe-urls.ts';

/**
 * describe and describeGlobal, with every key of a real org's answer. Both support conditional requests: an
 * `If-Modified-Since` later than the last change of the definitions is answered with 304 and no body.
 */
export async function describe(call: Call, def: SObjectDef): Promise<Answer> {
  const recordTypes = await recordTypesOf(call.db, def);
  const changedAt = Math.max(call.org.schemaChangedAt, ...recordTypes.map(({ changedAt: at }) => at));
  return conditionally(call, changedAt, () => describeResult(call, def, recordTypes));
}

export function describeGlobal(call: Call): Answer {
  return conditionally(call, call.org.schemaChangedAt, () => ({
    encoding: 'UTF-8',
    maxBatchSize: 200,
    sobjects: [...call.sobjects.values()]
      .toSorted((a, b) => (a.name < b.name ? -1 : 1))
      .map((def) => globalEntry(def, call.version)),
  }));
}

/** @param changedAt  epoch ms */
function conditionally(call: Call, changedAt: number, body: () => unknown): Answer {
  if (call.method !== 'GET') throw methodNotAllowed(call.method, ['GET', 'HEAD']);
  const tag = createHash('sha256').update(`${call.org.id} ${changedAt} ${call.version}`).digest('hex');
  const headers = {
    ETag: `"${tag.slice(0, 8)}"`,
    'Last-Modified': new Date(changedAt).toUTCString(),
  };
  const since = Date.parse(call.header('if-modified-since') ?? '');
  const isUnchanged = Math.floor(changedAt / 1000) * 1000 <= since;
  return isUnchanged ? { status: 304, headers, body: null } : answer(200, body(), headers);
}

/** Recorded answers of version 48 have no associate keys, those of version 56 do. */
const withoutAssociatesUntil = 48;

/** What describe and describeGlobal have in common. */
function facts(def: SObjectDef, version: string) {
  return {
    activateable: def.activateable === true,
    ...(Number(version) > withoutAssociatesUntil && {
      associateEntityType: null,
      associateParentEntity: null,
    }),
    createable: def.createable ?? true,
    custom: def.custom,
    customSetting: false,
    deepCloneable: def.deepCloneable === true,
    deletable: def.deletable,
    deprecatedAndHidden: false,
    feedEnabled: def.feedEnabled === true,
    hasSubtypes: false,
    isInterface: false,
    isSubtype: false,
    keyPrefix: def.hasKeyPrefix === false ? null : def.keyPrefix,
    label: def.label,
    labelPlural: def.labelPlural,
    layoutable: def.layoutable ?? true,
    mergeable: def.mergeable === true,
    mruEnabled: def.mruEnabled ?? true,
    name: def.name,
    queryable: def.queryable ?? true,
    replicateable: def.replicateable ?? true,
    retrieveable: def.retrieveable ?? true,
    searchable: def.searchable ?? true,
    triggerable: def.triggerable ?? true,
    undeletable: def.undeletable ?? def.deletable,
    updateable: def.updateable ?? true,
  };
}

export function globalEntry(def: SObjectDef, version: string) {
  return { ...facts(def, version), urls: urlsOf(def, version) };
}

function describeResult(call: Call, def: SObjectDef, recordTypes: readonly RecordTypeRow[]) {
  const path = dataPath(call.version, 'sobjects', def.name);
  return inOrder({
    ...facts(def, call.version),
    actionOverrides: [],
    childRelationships: childRelationships(call, def),
    compactLayoutable: def.layoutable ?? true,
    defaultImplementation: null,
    extendedBy: null,
    extendsInterfaces: null,
    fields: def.fields.map((field) => describeField(def, withTargetsSeen(call, field))),
    implementedBy: null,
    implementsInterfaces: null,
    listviewable: null,
    lookupLayoutable: null,
    namedLayoutInfos: [],
    networkScopeFieldName: null,
    recordTypeInfos: recordTypeInfos(path, def, recordTypes),
    searchLayoutable: def.searchable ?? true,
    sobjectDescribeOption: 'FULL',
    supportedScopes: [
      { label: `All ${def.labelPlural.toLowerCase()}`, name: 'everything' },
      ...(fieldNamed(def, 'OwnerId') ? [{ label: `My ${def.labelPlural.toLowerCase()}`, name: 'mine' }] : []),
    ],
    urls: { ...urlsOf(def, call.version), ...pagesOf(def, call.org.url) },
  });
}

/** Recorded describes have their keys in alphabetical order. */
const inOrder = (result: object): object =>
  Object.fromEntries(Object.entries(result).toSorted(([a], [b]) => (a < b ? -1 : 1)));

/** Leaves out sobjects that the reference may point to but the user may not read. */
function withTargetsSeen({ org, sobjects }: Call, field: FieldDef): FieldDef {
  const isHidden = (name: string) =>
    org.sobjects.has(name.toLowerCase()) && !sobjects.has(name.toLowerCase());
  return field.referenceTo?.some(isHidden)
    ? { ...field, referenceTo: field.referenceTo.filter((name) => !isHidden(name)) }
    : field;
}

const childRelationships = (call: Call, parent: SObjectDef) =>
  referencesTo(call.sobjects, parent)
    .filter(({ field }) => field.name !== 'MasterRecordId')
    .map((reference) => ({
      cascadeDelete: reference.field.cascadeDelete === true,
      childSObject: reference.child.name,
      deprecatedAndHidden: false,
      field: reference.field.name,
      junctionIdListNames: [],
      junctionReferenceTo: [],
      relationshipName: relationshipToChildren(reference, parent),
      restrictedDelete: reference.field.restrictedDelete === true,
    }));
