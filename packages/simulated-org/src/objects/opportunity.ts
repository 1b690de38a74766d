import type { SObjectDef } from '../schema/schema.ts';
import {
  audit,
  currency,
  field,
  flag,
  idOf,
  isDeleted,
  longText,
  number,
  owner,
  picklist,
  readOnly,
  recordId,
  reference,
  required,
  text,
  viewed,
} from './fields.ts';
import { sources, stages } from './picklists.ts';

const types = [
  'Existing Customer - Upgrade',
  'Existing Customer - Replacement',
  'Existing Customer - Downgrade',
  'New Customer',
];
const forecast = ['Omitted', 'Pipeline', 'BestCase', 'MostLikely', 'Forecast', 'Closed'];
const forecastNames = ['Omitted', 'Pipeline', 'Best Case', 'Commit', 'Closed'];
const notSearched = { ...readOnly, told: { filterable: false, sortable: false } };
const forecastOfStage = `CASE WHEN "StageName" = 'Closed Lost' THEN 'Omitted'
  WHEN "StageName" = 'Closed Won' THEN 'Closed' ELSE 'Pipeline' END`;

export const opportunity: SObjectDef = {
  name: 'Opportunity',
  label: 'Opportunity',
  labelPlural: 'Opportunities',
  keyPrefix: '006',
  custom: false,
  deletable: true,
  feedEnabled: true,
  deepCloneable: true,
  fields: [
    recordId('Opportunity ID'),
    isDeleted,
    reference('AccountId', 'Account ID', ['Account'], { cascadeDelete: true }),
    flag('IsPrivate', 'Private', { told: { permissionable: true } }),
    text('Name', 'Name', 120, { ...required, told: { idLookup: true } }),
    longText('Description', 'Description'),
    picklist('StageName', 'Stage', stages, required),
    currency('Amount', 'Amount'),
    field('percent', 'Probability', 'Probability (%)', { precision: 3, scale: 0, defaultSql: '10' }),
    currency('ExpectedRevenue', 'Expected Amount', 2, {
      ...readOnly,
      derived: `("Amount" * "Probability" / 100)`,
      told: { permissionable: true },
    }),
    number('TotalOpportunityQuantity', 'Quantity', 2),
    field('date', 'CloseDate', 'Close Date', required),
    picklist('Type', 'Opportunity Type', types),
    text('NextStep', 'Next Step', 255),
    picklist('LeadSource', 'Lead Source', sources),
    flag('IsClosed', 'Closed', { ...readOnly, derived: `("StageName" IN ('Closed Won', 'Closed Lost'))` }),
    flag('IsWon', 'Won', { ...readOnly, derived: `("StageName" = 'Closed Won')` }),
    picklist('ForecastCategory', 'Forecast Category', forecast, {
      ...readOnly,
      nillable: false,
      length: 40,
      restrictedPicklist: true,
      picklistLabels: { BestCase: 'Best Case', MostLikely: 'Most Likely', Forecast: 'Commit' },
      derived: forecastOfStage,
    }),
    picklist('ForecastCategoryName', 'Forecast Category', forecastNames, {
      ...readOnly,
      restrictedPicklist: true,
      derived: forecastOfStage,
    }),
    reference('CampaignId', 'Campaign ID', ['Campaign']),
    flag('HasOpportunityLineItem', 'Has Line Item', readOnly),
    reference('Pricebook2Id', 'Price Book ID', ['Pricebook2'], {
      told: { defaultedOnCreate: true, permissionable: false },
    }),
    owner(),
    ...audit,
    field('date', 'LastActivityDate', 'Last Activity', readOnly),
    field('datetime', 'LastStageChangeDate', 'Last Stage Change Date', readOnly),
    field('int', 'FiscalQuarter', 'Fiscal Quarter', {
      ...readOnly,
      digits: 8,
      derived: `extract(quarter FROM "CloseDate")::integer`,
      told: { compoundFieldName: 'Fiscal' },
    }),
    field('int', 'FiscalYear', 'Fiscal Year', {
      ...readOnly,
      digits: 8,
      derived: `extract(year FROM "CloseDate")::integer`,
      told: { compoundFieldName: 'Fiscal' },
    }),
    text('Fiscal', 'Fiscal Period', 6, {
      ...readOnly,
      derived: `to_char("CloseDate", 'FMYYYY FMQ')`,
      told: { byteLength: 6 },
    }),
    idOf('ContactId', 'Contact ID', ['Contact'], {
      updateable: false,
      childRelationshipName: 'Opportunities',
      told: { permissionable: false },
    }),
    ...viewed,
    flag('HasOpenActivity', 'Has Open Activity', notSearched),
    flag('HasOverdueTask', 'Has Overdue Task', notSearched),
    reference('LastAmountChangedHistoryId', 'Opportunity History ID', ['OpportunityHistory'], readOnly),
    reference('LastCloseDateChangedHistoryId', 'Opportunity History ID', ['OpportunityHistory'], readOnly),
  ],
};
