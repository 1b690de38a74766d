import type { SObjectDef } from '../schema/schema.ts';
import {
  audit,
  currency,
  field,
  filledIn,
  flag,
  isDeleted,
  number,
  ofParent,
  readOnly,
  recordId,
  reference,
  required,
  text,
  viewed,
} from './fields.ts';

/** What products cost, and which of them an opportunity is about. */
export const pricebook2: SObjectDef = {
  name: 'Pricebook2',
  label: 'Price Book',
  labelPlural: 'Price Books',
  keyPrefix: '01s',
  custom: false,
  deletable: true,
  fields: [
    recordId('Price Book ID'),
    isDeleted,
    text('Name', 'Price Book Name', 255, required),
    ...audit,
    ...viewed,
    flag('IsActive', 'Active'),
    flag('IsArchived', 'Archived', readOnly),
    text('Description', 'Description', 255),
    flag('IsStandard', 'Is Standard Price Book', readOnly),
  ],
};

export const pricebookEntry: SObjectDef = {
  name: 'PricebookEntry',
  label: 'Price Book Entry',
  labelPlural: 'Price Book Entries',
  keyPrefix: '01u',
  custom: false,
  deletable: true,
  undeletable: false,
  searchable: false,
  triggerable: false,
  fields: [
    recordId('Price Book Entry ID'),
    text('Name', 'Product Name', 255, {
      ...readOnly,
      derived: ofParent('Product2', 'Product2Id', 'Name'),
    }),
    reference('Pricebook2Id', 'Price Book ID', ['Pricebook2'], {
      ...required,
      updateable: false,
      cascadeDelete: true,
      childRelationshipName: 'PricebookEntries',
    }),
    reference('Product2Id', 'Product ID', ['Product2'], {
      ...required,
      updateable: false,
      cascadeDelete: true,
      childRelationshipName: 'PricebookEntries',
    }),
    currency('UnitPrice', 'List Price', 2, filledIn),
    flag('IsActive', 'Active'),
    flag('UseStandardPrice', 'Use Standard Price'),
    ...audit,
    text('ProductCode', 'Product Code', 255, {
      ...readOnly,
      derived: ofParent('Product2', 'Product2Id', 'ProductCode'),
    }),
    isDeleted,
    flag('IsArchived', 'Archived', readOnly),
  ],
};

export const opportunityLineItem: SObjectDef = {
  name: 'OpportunityLineItem',
  label: 'Opportunity Product',
  labelPlural: 'Opportunity Product',
  keyPrefix: '00k',
  custom: false,
  deletable: true,
  undeletable: false,
  searchable: false,
  mruEnabled: false,
  fields: [
    recordId('Line Item ID'),
    reference('OpportunityId', 'Opportunity ID', ['Opportunity'], {
      ...required,
      updateable: false,
      cascadeDelete: true,
      childRelationshipName: 'OpportunityLineItems',
    }),
    field('int', 'SortOrder', 'Sort Order', { digits: 9 }),
    reference('PricebookEntryId', 'Price Book Entry ID', ['PricebookEntry'], {
      updateable: false,
      restrictedDelete: true,
      childRelationshipName: 'OpportunityLineItems',
    }),
    reference('Product2Id', 'Product ID', ['Product2'], {
      updateable: false,
      restrictedDelete: true,
      childRelationshipName: 'OpportunityLineItems',
    }),
    text('ProductCode', 'Product Code', 255, {
      ...readOnly,
      derived: ofParent('Product2', 'Product2Id', 'ProductCode'),
    }),
    text('Name', 'Opportunity Product Name', 376, {
      ...readOnly,
      derived: `concat_ws(' ', ${ofParent('Opportunity', 'OpportunityId', 'Name')}, ${ofParent('Product2', 'Product2Id', 'Name')})`,
    }),
    number('Quantity', 'Quantity', 2, { ...required, precision: 12 }),
    currency('TotalPrice', 'Total Price'),
    currency('UnitPrice', 'Sales Price'),
    currency('ListPrice', 'List Price', 2, {
      ...readOnly,
      derived: ofParent('PricebookEntry', 'PricebookEntryId', 'UnitPrice'),
    }),
    field('date', 'ServiceDate', 'Date'),
    text('Description', 'Line Description', 255),
    ...audit,
    isDeleted,
    ...viewed,
  ],
};
