import type { SObjectDef } from '../schema/schema.ts';
import { audit, field, isDeleted, picklist, readOnly, recordId, reference, required } from './fields.ts';

/** What changed in accounts, and who may see them: rows that the org itself writes. */
const dataTypes = [
  'Text',
  'DynamicEnum',
  'EntityId',
  'Currency',
  'Double',
  'DateOnly',
  'DateTime',
  'Boolean',
  'Phone',
  'Url',
];

const fieldNames = ['created', 'Name', 'Owner', 'Type', 'Phone', 'Industry', 'AnnualRevenue', 'Rating'];

export const accountHistory: SObjectDef = {
  name: 'AccountHistory',
  label: 'Account History',
  labelPlural: 'Account History',
  keyPrefix: '017',
  hasKeyPrefix: false,
  custom: false,
  deletable: false,
  createable: false,
  updateable: false,
  searchable: false,
  triggerable: false,
  layoutable: false,
  mruEnabled: false,
  fields: [
    recordId('Account History ID'),
    isDeleted,
    reference('AccountId', 'Account ID', ['Account'], {
      ...readOnly,
      nillable: false,
      cascadeDelete: true,
      childRelationshipName: 'Histories',
    }),
    reference('CreatedById', 'Created By ID', ['User'], { ...readOnly, nillable: false }),
    field('datetime', 'CreatedDate', 'Created Date', { ...readOnly, nillable: false }),
    picklist('Field', 'Changed Field', fieldNames, {
      ...readOnly,
      nillable: false,
      restrictedPicklist: true,
    }),
    picklist('DataType', 'Datatype', dataTypes, { ...readOnly, restrictedPicklist: true }),
    field('anyType', 'OldValue', 'Old Value', readOnly),
    field('anyType', 'NewValue', 'New Value', readOnly),
  ],
};

const levels = ['Read', 'Edit', 'All', 'None'];
const access = (name: string, label: string) =>
  picklist(name, label, levels, {
    ...required,
    length: 40,
    restrictedPicklist: true,
  });

export const accountShare: SObjectDef = {
  name: 'AccountShare',
  label: 'Account Share',
  labelPlural: 'Account Share',
  keyPrefix: '00r',
  custom: false,
  deletable: true,
  undeletable: false,
  replicateable: false,
  searchable: false,
  triggerable: false,
  layoutable: false,
  mruEnabled: false,
  fields: [
    recordId('Account Share ID'),
    reference('AccountId', 'Account ID', ['Account'], {
      ...required,
      updateable: false,
      cascadeDelete: true,
      childRelationshipName: 'Shares',
    }),
    reference('UserOrGroupId', 'User/Group ID', ['Group', 'User'], { ...required, updateable: false }),
    access('AccountAccessLevel', 'Account Access'),
    access('OpportunityAccessLevel', 'Opportunity Access'),
    access('CaseAccessLevel', 'Case Access'),
    picklist('ContactAccessLevel', 'Contact Access', levels, {
      ...readOnly,
      length: 40,
      restrictedPicklist: true,
    }),
    picklist('RowCause', 'Row Cause', ['Owner', 'Manual', 'Team', 'Rule', 'ImplicitParent'], {
      updateable: false,
      length: 40,
      restrictedPicklist: true,
      defaultSql: `'Manual'`,
    }),
    ...audit.slice(2, 4),
    isDeleted,
  ],
};
