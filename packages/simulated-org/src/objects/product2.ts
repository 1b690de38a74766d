import type { SObjectDef } from '../schema/schema.ts';
import {
  audit,
  flag,
  isDeleted,
  longText,
  picklist,
  readOnly,
  recordId,
  required,
  text,
  url,
  viewed,
} from './fields.ts';

export const product2: SObjectDef = {
  name: 'Product2',
  label: 'Product',
  labelPlural: 'Products',
  keyPrefix: '01t',
  custom: false,
  deletable: true,
  fields: [
    recordId('Product ID'),
    text('Name', 'Product Name', 255, required),
    text('ProductCode', 'Product Code', 255),
    longText('Description', 'Product Description', 4000),
    flag('IsActive', 'Active'),
    ...audit,
    picklist('Family', 'Product Family', ['Hardware', 'Software', 'Service', 'Spare Part']),
    text('ExternalId', 'External ID', 255),
    url('DisplayUrl', 'Display URL', { length: 1000 }),
    picklist('QuantityUnitOfMeasure', 'Quantity Unit Of Measure', ['Each', 'Hour', 'Metre', 'Kilogram']),
    isDeleted,
    flag('IsArchived', 'Archived', readOnly),
    ...viewed,
    text('StockKeepingUnit', 'Product SKU', 180),
  ],
};
