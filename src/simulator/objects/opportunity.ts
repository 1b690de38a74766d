import type { SObjectDef } from '../schema.ts';
import {
  audit,
  currency,
  field,
  flag,
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

const forecast = ['Omitted', 'Pipeline', 'BestCase', 'Forecast', 'Closed'];
const forecastOfStage = `CASE WHEN "StageName" = 'Closed Lost' THEN 'Omitted'
  WHEN "StageName" = 'Closed Won' THEN 'Closed' ELSE 'Pipeline' END`;

export const opportunity: SObjectDef = {
  name: 'Opportunity',
  label: 'Opportunity',
  labelPlural: 'Opportunities',
  keyPrefix: '006',
  custom: false,
  deletable: true,
  fields: [
    recordId('Opportunity ID'),
    isDeleted,
    reference('AccountId', 'Account ID', ['Account']),
    flag('IsPrivate', 'Private'),
    text('Name', 'Name', 120, required),
    longText('Description', 'Description'),
    picklist('StageName', 'Stage', stages, required),
    currency('Amount', 'Amount'),
    field('percent', 'Probability', 'Probability (%)', { precision: 3, scale: 0, defaultSql: '10' }),
    currency('ExpectedRevenue', 'Expected Amount', 2, {
      ...readOnly,
      derived: `("Amount" * "Probability" / 100)`,
    }),
    number('TotalOpportunityQuantity', 'Quantity', 2),
    field('date', 'CloseDate', 'Close Date', required),
    picklist('Type', 'Opportunity Type', ['Existing Business', 'New Business']),
    text('NextStep', 'Next Step', 255),
    picklist('LeadSource', 'Lead Source', sources),
    flag('IsClosed', 'Closed', { ...readOnly, derived: `("StageName" IN ('Closed Won', 'Closed Lost'))` }),
    flag('IsWon', 'Won', { ...readOnly, derived: `("StageName" = 'Closed Won')` }),
    picklist('ForecastCategory', 'Forecast Category', forecast, {
      ...readOnly,
      nillable: false,
      length: 40,
      derived: forecastOfStage,
    }),
    picklist('ForecastCategoryName', 'Forecast Category', forecast, {
      ...readOnly,
      derived: forecastOfStage,
    }),
    reference('CampaignId', 'Campaign ID', ['Campaign']),
    flag('HasOpportunityLineItem', 'Has Line Item', readOnly),
    reference('Pricebook2Id', 'Price Book ID', ['Pricebook2']),
    owner(),
    ...audit,
    field('date', 'LastActivityDate', 'Last Activity', readOnly),
    field('datetime', 'LastStageChangeDate', 'Last Stage Change Date', readOnly),
    field('int', 'FiscalQuarter', 'Fiscal Quarter', {
      ...readOnly,
      digits: 8,
      derived: `extract(quarter FROM "CloseDate")::integer`,
    }),
    field('int', 'FiscalYear', 'Fiscal Year', {
      ...readOnly,
      digits: 8,
      derived: `extract(year FROM "CloseDate")::integer`,
    }),
    text('Fiscal', 'Fiscal Period', 6, { ...readOnly, derived: `to_char("CloseDate", 'FMYYYY FMQ')` }),
    reference('ContactId', 'Contact ID', ['Contact'], { updateable: false }),
    ...viewed,
    flag('HasOpenActivity', 'Has Open Activity', readOnly),
    flag('HasOverdueTask', 'Has Overdue Task', readOnly),
  ],
};
