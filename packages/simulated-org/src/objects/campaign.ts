import type { FieldDef, SObjectDef } from '../schema/schema.ts';
import {
  audit,
  currency,
  field,
  flag,
  idOf,
  isDeleted,
  longText,
  number,
  ofChildren,
  ofParent,
  owner,
  picklist,
  readOnly,
  recordId,
  reference,
  required,
  text,
  viewed,
} from './fields.ts';
import { sources } from './picklists.ts';

const types = [
  'Conference',
  'Webinar',
  'Trade Show',
  'Public Relations',
  'Partners',
  'Referral Program',
  'Advertisement',
  'Banner Ads',
  'Direct Mail',
  'Email',
  'Telemarketing',
  'Other',
];
const statuses = ['Planned', 'In Progress', 'Completed', 'Aborted'];

/** Counted at every read; a new count is no change of the campaign. */
const counted = (name: string, label: string, child: string, expression: string): FieldDef =>
  field('int', name, label, {
    ...readOnly,
    nillable: false,
    digits: 8,
    derived: ofChildren(child, 'CampaignId', expression),
  });

const summed = (name: string, label: string, expression: string): FieldDef =>
  currency(name, label, 2, {
    ...readOnly,
    nillable: false,
    derived: ofChildren('Opportunity', 'CampaignId', expression),
  });

const won = `child."StageName" = 'Closed Won'`;

export const campaign: SObjectDef = {
  name: 'Campaign',
  label: 'Campaign',
  labelPlural: 'Campaigns',
  keyPrefix: '701',
  custom: false,
  deletable: true,
  deepCloneable: true,
  fields: [
    recordId('Campaign ID'),
    isDeleted,
    text('Name', 'Name', 80, required),
    reference('ParentId', 'Parent Campaign ID', ['Campaign'], { childRelationshipName: 'ChildCampaigns' }),
    picklist('Type', 'Type', types, { length: 40 }),
    picklist('Status', 'Status', statuses, { length: 40, defaultSql: `'Planned'` }),
    field('date', 'StartDate', 'Start Date'),
    field('date', 'EndDate', 'End Date'),
    currency('ExpectedRevenue', 'Expected Revenue in Campaign', 0),
    currency('BudgetedCost', 'Budgeted Cost in Campaign', 0),
    currency('ActualCost', 'Actual Cost in Campaign', 0),
    field('percent', 'ExpectedResponse', 'Expected Response (%)', { precision: 10, scale: 2 }),
    number('NumberSent', 'Num Sent in Campaign', 0),
    flag('IsActive', 'Active'),
    longText('Description', 'Description'),
    counted('NumberOfLeads', 'Leads in Campaign', 'CampaignMember', 'count(child."LeadId")'),
    counted(
      'NumberOfConvertedLeads',
      'Converted Leads in Campaign',
      'CampaignMember',
      'count((SELECT true FROM org."Lead" AS lead WHERE lead."Id" = child."LeadId" AND lead."IsConverted"))',
    ),
    counted('NumberOfContacts', 'Contacts in Campaign', 'CampaignMember', 'count(child."ContactId")'),
    counted(
      'NumberOfResponses',
      'Responses in Campaign',
      'CampaignMember',
      `count(*) FILTER (WHERE child."Status" = 'Responded')`,
    ),
    counted('NumberOfOpportunities', 'Opportunities in Campaign', 'Opportunity', 'count(*)'),
    counted(
      'NumberOfWonOpportunities',
      'Won Opportunities in Campaign',
      'Opportunity',
      `count(*) FILTER (WHERE ${won})`,
    ),
    summed('AmountAllOpportunities', 'Value Opportunities in Campaign', 'coalesce(sum(child."Amount"), 0)'),
    summed(
      'AmountWonOpportunities',
      'Value Won Opportunities in Campaign',
      `coalesce(sum(child."Amount") FILTER (WHERE ${won}), 0)`,
    ),
    owner(),
    ...audit,
    field('date', 'LastActivityDate', 'Last Activity', readOnly),
    ...viewed,
  ],
};

/** Read from the lead or contact that the member now is. */
const ofPerson = (
  type: FieldDef['type'],
  name: string,
  label: string,
  length: number,
  part = { lead: name, contact: name },
): FieldDef =>
  field(type, name, label, {
    ...readOnly,
    length,
    derived: `coalesce(${ofParent('Lead', 'LeadId', part.lead)}, ${ofParent('Contact', 'ContactId', part.contact)})`,
  });

const first = `coalesce(${ofParent('Lead', 'LeadId', 'FirstName')}, ${ofParent('Contact', 'ContactId', 'FirstName')})`;
const last = `coalesce(${ofParent('Lead', 'LeadId', 'LastName')}, ${ofParent('Contact', 'ContactId', 'LastName')})`;
const mailing = (part: string) => ({ lead: part, contact: `Mailing${part}` });

export const campaignMember: SObjectDef = {
  name: 'CampaignMember',
  label: 'Campaign Member',
  labelPlural: 'Campaign Members',
  keyPrefix: '00v',
  custom: false,
  deletable: true,
  undeletable: false,
  searchable: false,
  mruEnabled: false,
  fields: [
    recordId('Campaign Member ID'),
    isDeleted,
    reference('CampaignId', 'Campaign ID', ['Campaign'], {
      ...required,
      updateable: false,
      cascadeDelete: true,
      childRelationshipName: 'CampaignMembers',
    }),
    reference('LeadId', 'Lead ID', ['Lead'], {
      updateable: false,
      cascadeDelete: true,
      childRelationshipName: 'CampaignMembers',
    }),
    reference('ContactId', 'Contact ID', ['Contact'], {
      updateable: false,
      cascadeDelete: true,
      childRelationshipName: 'CampaignMembers',
    }),
    picklist('Status', 'Status', ['Sent', 'Responded'], { length: 40, defaultSql: `'Sent'` }),
    flag('HasResponded', 'Responded', {
      ...readOnly,
      derived: `coalesce("Status" = 'Responded', false)`,
    }),
    ...audit,
    field('date', 'FirstRespondedDate', 'First Responded Date', readOnly),
    {
      ...ofPerson('picklist', 'Salutation', 'Salutation', 40),
      picklist: ['Mr.', 'Ms.', 'Mrs.', 'Dr.', 'Prof.'],
    },
    text('Name', 'Name', 255, { ...readOnly, derived: `concat_ws(' ', ${first}, ${last})` }),
    ofPerson('string', 'FirstName', 'First Name', 40),
    ofPerson('string', 'LastName', 'Last Name', 80),
    ofPerson('string', 'Title', 'Title', 128),
    ofPerson('string', 'Street', 'Street', 255, mailing('Street')),
    ofPerson('string', 'City', 'City', 40, mailing('City')),
    ofPerson('string', 'State', 'State/Province', 80, mailing('State')),
    ofPerson('string', 'PostalCode', 'Zip/Postal Code', 20, mailing('PostalCode')),
    ofPerson('string', 'Country', 'Country', 80, mailing('Country')),
    ofPerson('email', 'Email', 'Email', 80),
    ofPerson('phone', 'Phone', 'Phone', 40),
    ofPerson('phone', 'Fax', 'Fax', 40),
    ofPerson('phone', 'MobilePhone', 'Mobile', 40),
    ofPerson('textarea', 'Description', 'Description', 32_000),
    { ...ofPerson('picklist', 'LeadSource', 'Lead Source', 40), picklist: sources },
    text('CompanyOrAccount', 'Company (Account)', 255, {
      ...readOnly,
      derived: `coalesce(${ofParent('Lead', 'LeadId', 'Company')}, ${ofParent('Account', ofParent('Contact', 'ContactId', 'AccountId'), 'Name')})`,
    }),
    text('Type', 'Type', 40, {
      ...readOnly,
      derived: `CASE WHEN "LeadId" IS NULL THEN 'Contact' ELSE 'Lead' END`,
    }),
    idOf('LeadOrContactId', 'Related Record ID', ['Contact', 'Lead'], {
      ...readOnly,
      derived: `coalesce("LeadId", "ContactId")`,
    }),
    idOf('LeadOrContactOwnerId', 'Related Record Owner ID', ['Group', 'User'], {
      ...readOnly,
      derived: `coalesce(${ofParent('Lead', 'LeadId', 'OwnerId')}, ${ofParent('Contact', 'ContactId', 'OwnerId')})`,
    }),
  ],
};
