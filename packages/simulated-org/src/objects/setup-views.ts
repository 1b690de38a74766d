import type { SObjectDef } from '../schema/schema.ts';
import {
  emptyId,
  field,
  flag,
  longText,
  number,
  picklist,
  readOnly,
  recordId,
  reference,
  text,
} from './fields.ts';
import { permissions } from './people.ts';

/**
 * Views of an org's set-up: rows that are computed on request. No row has an Id of its own, so none can be read by
 * Id, and some views only answer a query that says which rows it wants.
 */
const never = { ...readOnly, nillable: false };
const byUser = { ...never, childRelationshipName: null };

const readable = {
  custom: false,
  deletable: false,
  createable: false,
  updateable: false,
  replicateable: false,
  searchable: false,
  triggerable: false,
  layoutable: false,
  mruEnabled: false,
} as const;

const view = { ...readable, retrieveable: false } as const;

const { searchable: _, ...searched } = view;

export const apexPageInfo: SObjectDef = {
  ...view,
  name: 'ApexPageInfo',
  label: 'Apex Page Info',
  labelPlural: 'Apex Pages Info',
  keyPrefix: '4ve',
  fields: [
    recordId('Entity Id', { shown: emptyId }),
    text('DurableId', 'Durable ID', 255, readOnly),
    text('ApexPageId', 'Apex Page ID', 18, never),
    text('Name', 'Name', 80, never),
    text('NameSpacePrefix', 'Name Space Prefix', 512, readOnly),
    number('ApiVersion', 'API Version', 1, never),
    longText('Description', 'Description', 1333, readOnly),
    flag('IsAvailableInTouch', 'Is Available In Touch', readOnly),
    text('MasterLabel', 'Master Label', 80, readOnly),
    text('IsShowHeader', 'Show Header', 80, readOnly),
  ],
};

/** The refusal's text is recorded from other views; which fields it names here is derived from the describe. */
export const flowTestView: SObjectDef = {
  ...view,
  name: 'FlowTestView',
  label: 'Flow Test View',
  labelPlural: 'Flow Test Views',
  keyPrefix: '3vt',
  hasKeyPrefix: false,
  nameField: 'FlowTestLabel',
  neededFilter: {
    fields: ['FlowDefinitionViewId', 'DurableId'],
    message: 'FlowTestView: a filter on a reified column is required [FlowDefinitionViewId,DurableId]',
  },
  fields: [
    recordId('Flow Test View ID', { shown: emptyId }),
    text('DurableId', 'Durable ID', 255, readOnly),
    text('FlowDefinitionViewId', 'Flow Definition View ID', 512, readOnly),
    text('FlowTestApiName', 'Flow Test API Name', 255, readOnly),
    text('FlowTestLabel', 'Flow Test Label', 255, readOnly),
    longText('Description', 'Description', 1000, readOnly),
    field('datetime', 'LastModifiedDate', 'Last Modified Date', never),
    reference('LastModifiedById', 'User ID', ['User'], byUser),
    field('datetime', 'CreatedDate', 'Created Date', never),
    reference('CreatedById', 'User ID', ['User'], byUser),
  ],
};

/** The sobjects. Their rows are computed from the definitions as the user sees them. */
export const entityDefinition: SObjectDef = {
  ...searched,
  name: 'EntityDefinition',
  label: 'Entity Definition',
  labelPlural: 'Entity Definitions',
  keyPrefix: '4ie',
  nameField: 'QualifiedApiName',
  fields: [
    recordId('Entity Definition ID', { shown: emptyId }),
    text('DurableId', 'Durable ID', 255, readOnly),
    text('QualifiedApiName', 'Qualified API Name', 70, never),
    text('DeveloperName', 'Developer Name', 40, readOnly),
    text('MasterLabel', 'Master Label', 80, never),
    text('KeyPrefix', 'Key Prefix', 3, readOnly),
  ],
};

/**
 * Their fields. Which rows a query wants, it says by the sobject (a filter on a "reified column" is required); the text
 * of the refusal is recorded from other views. In Salesforce EntityDefinitionId is a text; here it is a reference, so
 * that queries can follow it.
 */
export const fieldDefinition: SObjectDef = {
  ...searched,
  name: 'FieldDefinition',
  label: 'Field Definition',
  labelPlural: 'Field Definitions',
  keyPrefix: '4fe',
  nameField: 'QualifiedApiName',
  neededFilter: {
    fields: ['EntityDefinitionId', 'DurableId', 'EntityDefinition.QualifiedApiName'],
    message: 'FieldDefinition: a filter on a reified column is required [EntityDefinitionId,DurableId]',
  },
  fields: [
    recordId('Field Definition ID', { shown: emptyId }),
    text('DurableId', 'Durable ID', 255, readOnly),
    text('QualifiedApiName', 'Qualified API Name', 70, never),
    reference('EntityDefinitionId', 'Entity Definition ID', ['EntityDefinition'], {
      ...readOnly,
      length: 70,
      childRelationshipName: null,
    }),
    text('DeveloperName', 'Developer Name', 40, readOnly),
    text('MasterLabel', 'Master Label', 80, never),
    flag('IsCalculated', 'Is Field calculated?', readOnly),
  ],
};

/**
 * Which fields permission sets let users read; here one set, which lets its users read all. Salesforce also lets
 * administrators change the rows.
 */
export const fieldPermissions: SObjectDef = {
  ...readable,
  name: 'FieldPermissions',
  label: 'Field Permissions',
  labelPlural: 'Field Permissions',
  keyPrefix: '01k',
  fields: [
    recordId('Field Permissions ID'),
    reference('ParentId', 'Parent ID', ['PermissionSet'], byUser),
    picklist('SobjectType', 'SObject Type Name', [], never),
    picklist('Field', 'Field Name', [], never),
    flag('PermissionsEdit', 'Edit Field', readOnly),
    flag('PermissionsRead', 'Read Field', readOnly),
    field('datetime', 'SystemModstamp', 'System Modstamp', never),
  ],
};

/** One row: what the user who asks may do, by profile and permission sets together. */
export const userPermissionAccess: SObjectDef = {
  ...view,
  name: 'UserPermissionAccess',
  label: 'User Permission Access',
  labelPlural: 'User Permission Access',
  keyPrefix: '0up',
  fields: [
    recordId('UserPermissionAccess ID', { shown: emptyId }),
    field('datetime', 'LastCacheUpdate', 'Last Cache Update', readOnly),
    ...permissions.map(([name, label]) => flag(name, label, readOnly)),
  ],
};
