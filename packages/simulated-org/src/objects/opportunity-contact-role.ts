import type { SObjectDef } from '../schema/schema.ts';
import { audit, flag, isDeleted, picklist, recordId, reference, required } from './fields.ts';

const roles = [
  'Business User',
  'Decision Maker',
  'Economic Buyer',
  'Economic Decision Maker',
  'Evaluator',
  'Executive Sponsor',
  'Influencer',
  'Technical Buyer',
  'Other',
];

export const opportunityContactRole: SObjectDef = {
  name: 'OpportunityContactRole',
  label: 'Opportunity Contact Role',
  labelPlural: 'Opportunity Contact Role',
  keyPrefix: '00K',
  custom: false,
  deletable: true,
  undeletable: false,
  searchable: false,
  mruEnabled: false,
  fields: [
    recordId('Contact Role ID'),
    reference('OpportunityId', 'Opportunity ID', ['Opportunity'], {
      ...required,
      updateable: false,
      cascadeDelete: true,
      childRelationshipName: 'OpportunityContactRoles',
    }),
    reference('ContactId', 'Contact ID', ['Contact'], {
      ...required,
      cascadeDelete: true,
      childRelationshipName: 'OpportunityContactRoles',
    }),
    picklist('Role', 'Role', roles, { length: 40, told: { permissionable: false } }),
    flag('IsPrimary', 'Primary'),
    ...audit,
    isDeleted,
  ],
};
