import type { SObjectDef } from '../schema/schema.ts';
import {
  address,
  audit,
  field,
  isDeleted,
  longText,
  owner,
  picklist,
  readOnly,
  recordId,
  reference,
  required,
  text,
  viewed,
} from './fields.ts';

/** A status and its category. */
const statuses = ['Draft', 'In Approval Process', 'Activated'];
const categories = ['Draft', 'InApproval', 'Activated', 'Terminated', 'Expired', 'Rejected'];
const categoryOfStatus = `CASE "Status" WHEN 'Activated' THEN 'Activated'
  WHEN 'In Approval Process' THEN 'InApproval' ELSE 'Draft' END`;

export const contract: SObjectDef = {
  name: 'Contract',
  label: 'Contract',
  labelPlural: 'Contracts',
  keyPrefix: '800',
  custom: false,
  deletable: true,
  activateable: true,
  nameField: 'ContractNumber',
  fields: [
    recordId('Contract ID'),
    reference('AccountId', 'Account ID', ['Account'], {
      ...required,
      cascadeDelete: true,
      restrictedDelete: true,
    }),
    reference('Pricebook2Id', 'Price Book ID', ['Pricebook2'], {
      restrictedDelete: true,
      childRelationshipName: 'Contracts',
    }),
    picklist('OwnerExpirationNotice', 'Owner Expiration Notice', ['15', '30', '45', '60', '90', '120'], {
      length: 40,
    }),
    field('date', 'StartDate', 'Contract Start Date'),
    field('date', 'EndDate', 'Contract End Date', {
      ...readOnly,
      derived: `("StartDate" + make_interval(months => "ContractTerm") - interval '1 day')::date`,
    }),
    ...address('Billing', 'Billing', 'BillingAddress'),
    field('int', 'ContractTerm', 'Contract Term', { digits: 4 }),
    owner(),
    picklist('Status', 'Status', statuses, { ...required, length: 40, defaultSql: `'Draft'` }),
    reference('CompanySignedId', 'Company Signed By ID', ['User'], {
      childRelationshipName: 'ContractsSigned',
    }),
    field('date', 'CompanySignedDate', 'Company Signed Date'),
    reference('CustomerSignedId', 'Customer Signed By ID', ['Contact'], {
      restrictedDelete: true,
      childRelationshipName: 'ContractsSigned',
    }),
    text('CustomerSignedTitle', 'Customer Signed Title', 40),
    field('date', 'CustomerSignedDate', 'Customer Signed Date'),
    longText('SpecialTerms', 'Special Terms', 4000),
    reference('ActivatedById', 'Activated By ID', ['User'], { createable: false }),
    field('datetime', 'ActivatedDate', 'Activated Date', { createable: false }),
    picklist('StatusCode', 'Status Category', categories, {
      ...readOnly,
      nillable: false,
      length: 40,
      restrictedPicklist: true,
      derived: categoryOfStatus,
    }),
    longText('Description', 'Description'),
    isDeleted,
    text('ContractNumber', 'Contract Number', 30, { ...readOnly, nillable: false, autoNumber: '{00000000}' }),
    field('datetime', 'LastApprovedDate', 'Last Approved Date', readOnly),
    ...audit,
    field('date', 'LastActivityDate', 'Last Activity', readOnly),
    ...viewed,
  ],
};
