import type { SObjectDef } from '../schema/schema.ts';
import {
  address,
  audit,
  currency,
  email,
  field,
  flag,
  isDeleted,
  longText,
  number,
  owner,
  phone,
  picklist,
  readOnly,
  recordId,
  reference,
  text,
  url,
  viewed,
} from './fields.ts';
import { invoiceStatuses } from './picklists.ts';

const lines = { child: 'Invoice_Line__c', reference: 'Invoice__c' } as const;
const tags = ['Urgent', 'Recurring', 'Export', 'Disputed', 'Paper'];

/**
 * A custom object that, together with its lines, has a field of every type. `Total__c` and `Line_Count__c` roll up
 * the lines, `Balance__c` is a formula.
 */
export const invoice: SObjectDef = {
  name: 'Invoice__c',
  label: 'Invoice',
  labelPlural: 'Invoices',
  keyPrefix: 'a00',
  custom: true,
  deletable: true,
  fields: [
    recordId('Record ID'),
    owner(['Group', 'User']),
    isDeleted,
    text('Name', 'Invoice Number', 80, {
      ...readOnly,
      nillable: false,
      autoNumber: 'INV-{00000000}',
      told: { idLookup: true },
    }),
    ...audit,
    field('date', 'LastActivityDate', 'Last Activity Date', readOnly),
    ...viewed,
    text('External_Id__c', 'External Id', 40, { externalId: true, unique: true }),
    reference('Account__c', 'Account', ['Account']),
    picklist('Status__c', 'Status', invoiceStatuses),
    field('multipicklist', 'Tags__c', 'Tags', { length: 4099, precision: 4, picklist: tags }),
    field('combobox', 'Channel__c', 'Channel', { length: 40, picklist: ['Post', 'E-mail', 'Portal'] }),
    email('Billing_Email__c', 'Billing Email'),
    phone('Billing_Phone__c', 'Billing Phone'),
    url('Portal_Url__c', 'Portal Url'),
    field('encryptedstring', 'Tax_Number__c', 'Tax Number', { length: 40 }),
    field('date', 'Issued_On__c', 'Issued On'),
    field('datetime', 'Due_At__c', 'Due At'),
    field('time', 'Cutoff_Time__c', 'Cutoff Time'),
    currency('Total__c', 'Total', 2, {
      ...readOnly,
      defaultSql: '0',
      rollUp: { ...lines, kind: 'sum', field: 'Amount__c' },
    }),
    number('Line_Count__c', 'Line Count', 0, {
      ...readOnly,
      defaultSql: '0',
      rollUp: { ...lines, kind: 'count' },
    }),
    currency('Paid_Amount__c', 'Paid Amount'),
    currency('Balance__c', 'Balance', 2, {
      ...readOnly,
      formula: 'Total__c - Paid_Amount__c',
    }),
    field('percent', 'Discount__c', 'Discount', { precision: 5, scale: 2 }),
    number('Exchange_Rate__c', 'Exchange Rate', 6),
    field('int', 'Installments__c', 'Installments', { digits: 8 }),
    field('long', 'Ledger_Number__c', 'Ledger Number', { digits: 18 }),
    flag('Is_Disputed__c', 'Is Disputed'),
    number('Place__Latitude__s', 'Place (Latitude)', 15),
    number('Place__Longitude__s', 'Place (Longitude)', 15),
    field('location', 'Place__c', 'Place', {
      ...readOnly,
      parts: ['Place__Latitude__s', 'Place__Longitude__s'],
    }),
    ...address('Delivery', 'Delivery', 'Delivery__c'),
    field('base64', 'Scan__c', 'Scan'),
    field('json', 'Settings__c', 'Settings'),
    field('anyType', 'Previous_Value__c', 'Previous Value'),
    longText('Summary__c', 'Summary', 255),
    longText('Note__c', 'Note', 131_072),
  ],
};
