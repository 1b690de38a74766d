import type { FieldDef, SObjectDef } from '../schema/schema.ts';
import {
  audit,
  email,
  field,
  flag,
  isDeleted,
  longText,
  ofParent,
  owner,
  picklist,
  readOnly,
  recordId,
  recordType,
  reference,
  text,
  viewed,
} from './fields.ts';
import { caseStatuses } from './picklists.ts';

const types = ['Mechanical', 'Electrical', 'Electronic', 'Structural', 'Other'];
const reasons = [
  'Installation',
  'Equipment Complexity',
  'Performance',
  'Breakdown',
  'Equipment Design',
  'Feedback',
  'Other',
];

/** Read from the case's current contact. */
const ofContact = (name: string, label: string, part: string): FieldDef =>
  field(part === 'Email' ? 'email' : 'phone', name, label, {
    ...readOnly,
    length: part === 'Email' ? 80 : 40,
    derived: ofParent('Contact', 'ContactId', part),
  });

export const case_: SObjectDef = {
  name: 'Case',
  label: 'Case',
  labelPlural: 'Cases',
  keyPrefix: '500',
  custom: false,
  deletable: true,
  feedEnabled: true,
  nameField: 'CaseNumber',
  recordTypes: [
    { developerName: 'Support', name: 'Support' },
    { developerName: 'Complaint', name: 'Complaint' },
  ],
  fields: [
    recordId('Case ID'),
    isDeleted,
    reference('MasterRecordId', 'Master Record ID', ['Case'], readOnly),
    text('CaseNumber', 'Case Number', 30, {
      ...readOnly,
      nillable: false,
      autoNumber: '{00000000}',
      told: { idLookup: true },
    }),
    reference('ContactId', 'Contact ID', ['Contact'], { restrictedDelete: true }),
    reference('AccountId', 'Account ID', ['Account'], { restrictedDelete: true }),
    reference('AssetId', 'Asset ID', ['Asset']),
    reference('ParentId', 'Parent Case ID', ['Case'], { childRelationshipName: 'Cases' }),
    text('SuppliedName', 'Name', 80),
    email('SuppliedEmail', 'Email Address'),
    text('SuppliedPhone', 'Phone', 40),
    text('SuppliedCompany', 'Company', 80),
    picklist('Type', 'Case Type', types),
    recordType(),
    picklist('Status', 'Status', caseStatuses, {
      defaultSql: `'New'`,
      told: { permissionable: false },
    }),
    picklist('Reason', 'Case Reason', reasons),
    picklist('Origin', 'Case Origin', ['Phone', 'Email', 'Web']),
    text('Subject', 'Subject', 255),
    picklist('Priority', 'Priority', ['High', 'Medium', 'Low'], { defaultSql: `'Medium'` }),
    longText('Description', 'Description'),
    flag('IsClosed', 'Closed', { ...readOnly, derived: `coalesce("Status" = 'Closed', false)` }),
    field('datetime', 'ClosedDate', 'Closed Date', { ...readOnly, told: { permissionable: true } }),
    flag('IsEscalated', 'Escalated', { told: { permissionable: true } }),
    owner(['Group', 'User']),
    ...audit,
    ofContact('ContactPhone', 'Contact Phone', 'Phone'),
    ofContact('ContactMobile', 'Contact Mobile', 'MobilePhone'),
    ofContact('ContactEmail', 'Contact Email', 'Email'),
    ofContact('ContactFax', 'Contact Fax', 'Fax'),
    longText('Comments', 'Internal Comments', 4000, {
      told: { aggregatable: true, byteLength: 4000, permissionable: false, sortable: true },
    }),
    ...viewed,
    picklist('Topic__c', 'Topic', ['Delivery', 'Invoice', 'Product']),
    picklist('Topic_Detail__c', 'Topic Detail', ['Late', 'Damaged', 'Wrong amount', 'Defect', 'Question'], {
      controllerName: 'Topic__c',
      validFor: {
        Late: ['Delivery'],
        Damaged: ['Delivery', 'Product'],
        'Wrong amount': ['Invoice'],
        Defect: ['Product'],
        Question: ['Delivery', 'Invoice', 'Product'],
      },
    }),
  ],
};

/** The values of `Status` and what they mean, as a table of the org. */
export const caseStatus: SObjectDef = {
  name: 'CaseStatus',
  label: 'Case Status Value',
  labelPlural: 'Case Status Value',
  keyPrefix: '01J',
  hasKeyPrefix: false,
  custom: false,
  deletable: false,
  createable: false,
  updateable: false,
  replicateable: false,
  searchable: false,
  triggerable: false,
  layoutable: false,
  mruEnabled: false,
  bulk: false,
  nameField: 'MasterLabel',
  fields: [
    recordId('Case Status Value ID'),
    text('MasterLabel', 'Master Label', 255, readOnly),
    text('ApiName', 'Api Name', 255, { ...readOnly, nillable: false }),
    field('int', 'SortOrder', 'Sort Order', { ...readOnly, digits: 9 }),
    flag('IsDefault', 'Is Default', readOnly),
    flag('IsClosed', 'Is Closed', readOnly),
    ...audit.slice(0, 2).toReversed(),
    ...audit.slice(2, 4).toReversed(),
    ...audit.slice(4),
  ],
};
