import type { SObjectDef } from '../schema/schema.ts';
import { field, number, picklist, readOnly, recordId, text } from './fields.ts';

const languages = ['en_US', 'de', 'fr', 'ja'];
const never = { ...readOnly, nillable: false, told: { permissionable: false } };

/**
 * A custom metadata type: configuration that is deployed like code. The API reads its records but does not write
 * them, and queries on them are more restricted than on others (soql/metadata-query.ts).
 */
export const region: SObjectDef = {
  name: 'Region__mdt',
  label: 'Region',
  labelPlural: 'Regions',
  keyPrefix: 'm00',
  custom: true,
  deletable: false,
  createable: false,
  updateable: false,
  replicateable: false,
  searchable: false,
  triggerable: false,
  mruEnabled: false,
  isMetadata: true,
  nameField: 'MasterLabel',
  fields: [
    recordId('Custom Metadata Record ID'),
    text('DeveloperName', 'Custom Metadata Record Name', 40, never),
    text('MasterLabel', 'Label', 40, never),
    picklist('Language', 'Master Language', languages, { ...never, length: 40, restrictedPicklist: true }),
    text('NamespacePrefix', 'Namespace Prefix', 15, readOnly),
    text('Label', 'Label', 40, { ...readOnly, derived: '"MasterLabel"' }),
    text('QualifiedApiName', 'Qualified API Name', 70, { ...readOnly, derived: '"DeveloperName"' }),
    field('datetime', 'SystemModstamp', 'System Modstamp', never),
    number('Tax_Rate__c', 'Tax Rate', 2, readOnly),
    text('Currency__c', 'Currency', 3, readOnly),
  ],
};
