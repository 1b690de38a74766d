import { type Sql, sql } from '@lockstep/foundation/sql';
import { caseStatuses, ratings, taskStatuses } from '../objects/picklists.ts';
import { recordIdSql } from '../write/ids.ts';
import type { Dice } from './seed-dice.ts';
import {
  always,
  fieldOf,
  type Maker,
  recordAtSamePosition,
  recordTypeOf,
  someRecord,
} from './seed-makers.ts';
import { rangeOf, type SeedPlan } from './seed-plan.ts';
import { campaignNames, notes, taskSubjects } from './seed-words.ts';

/** What people do in daily work: cases, tasks, events, campaigns, prices, contracts. */
const yearMs = 365 * 86_400_000;
const yearAgo = (plan: SeedPlan): Sql => sql`to_timestamp(${Math.floor((plan.now - yearMs) / 1000)}::bigint)`;

const caseFields: Maker = (dice, plan) => {
  const { roll, pick, rarely } = dice;
  const contact = someRecord(dice, plan, '003', 'Contact', 'contact');
  const status = pick('status', caseStatuses);
  const user = someRecord(dice, plan, '005', 'User', 'owner');
  return {
    ContactId: always(contact),
    AccountId: always(fieldOf('Contact', contact, 'AccountId')),
    AssetId: rarely('has asset', 4, someRecord(dice, plan, '02i', 'Asset', 'asset')),
    RecordTypeId: recordTypeOf(dice, plan, 'Case'),
    Type: pick('type', ['Mechanical', 'Electrical', 'Electronic', 'Structural', 'Other']),
    Status: always(status),
    ClosedDate: always(sql`CASE WHEN ${status} = 'Closed' THEN modified END`),
    Reason: pick('reason', ['Installation', 'Performance', 'Breakdown', 'Feedback', 'Other']),
    Origin: pick('origin', ['Phone', 'Email', 'Web']),
    Subject: pick('subject', taskSubjects),
    Priority: always(pick('priority', ['High', 'Medium', 'Low'])),
    Description: pick('note', notes),
    IsEscalated: sql`${status} = 'Escalated'`,
    OwnerId: always(
      sql`CASE WHEN ${roll('in queue', 5)} = 0 THEN ${recordIdSql('00G', sql`${rangeOf(plan, 'Group').first}::bigint`)} ELSE ${user} END`,
    ),
    Topic__c: pick('topic', ['Delivery', 'Invoice', 'Product']),
  };
};

/** About a contact and something of the contact's, or about a lead, which has nothing yet. */
function subjectOf(dice: Dice, plan: SeedPlan) {
  const { roll } = dice;
  const account = someRecord(dice, plan, '001', 'Account', 'account');
  const opportunity = someRecord(dice, plan, '006', 'Opportunity', 'opportunity');
  const aCase = someRecord(dice, plan, '500', 'Case', 'case');
  return {
    Subject: dice.pick('subject', taskSubjects),
    WhoId: always(sql`CASE ${roll('about', 5)} WHEN 0 THEN ${someRecord(dice, plan, '00Q', 'Lead', 'lead')}
      ELSE ${someRecord(dice, plan, '003', 'Contact', 'contact')} END`),
    WhatId: always(
      sql`CASE ${roll('about', 5)} WHEN 1 THEN ${account} WHEN 2 THEN ${opportunity} WHEN 3 THEN ${aCase} END`,
    ),
    AccountId: always(sql`CASE ${roll('about', 5)}
      WHEN 0 THEN NULL
      WHEN 1 THEN ${account}
      WHEN 2 THEN ${fieldOf('Opportunity', opportunity, 'AccountId')}
      WHEN 3 THEN ${fieldOf('Case', aCase, 'AccountId')}
      ELSE ${fieldOf('Contact', someRecord(dice, plan, '003', 'Contact', 'contact'), 'AccountId')} END`),
    Description: dice.rarely('has note', 3, dice.pick('note', notes)),
  };
}

const taskFields: Maker = (dice, plan) => {
  const status = dice.pick('status', taskStatuses);
  return {
    ...subjectOf(dice, plan),
    ActivityDate: sql`(created::date + ${dice.roll('due', 60)}::integer)`,
    Status: status,
    Priority: dice.pick('priority', ['High', 'Normal', 'Normal', 'Low']),
    CompletedDateTime: always(sql`CASE WHEN ${status} = 'Completed' THEN modified END`),
    IsArchived: sql`(${status} = 'Completed' AND created < ${yearAgo(plan)})`,
    TaskSubtype: always(dice.pick('subtype', ['Task', 'Task', 'Call', 'Email'])),
  };
};

const eventFields: Maker = (dice, plan) => {
  const start = sql`(date_trunc('day', created) + (24 * ${dice.roll('day', 30)} + 8 + ${dice.roll('hour', 9)}) * interval '1 hour')`;
  const minutes = sql`(30 * (1 + ${dice.roll('duration', 4)}))::integer`;
  const end = sql`(${start} + ${minutes} * interval '1 minute')`;
  return {
    ...subjectOf(dice, plan),
    Location: dice.rarely('has place', 2, dice.pick('place', ['Office', 'At the customer', 'Video call'])),
    ActivityDateTime: always(start),
    StartDateTime: always(start),
    ActivityDate: always(sql`(${start} AT TIME ZONE 'UTC')::date`),
    DurationInMinutes: always(minutes),
    EndDateTime: always(end),
    EndDate: always(sql`(${end} AT TIME ZONE 'UTC')::date`),
    IsArchived: sql`${end} < ${yearAgo(plan)}`,
  };
};

const campaignFields: Maker = (dice) => ({
  IsDeleted: always(sql`false`),
  Name: sql`concat(${dice.pick('name', campaignNames)}, ' ', extract(year FROM created))`,
  Type: dice.pick('type', ['Conference', 'Webinar', 'Trade Show', 'Email', 'Direct Mail']),
  Status: dice.pick('status', ['Planned', 'In Progress', 'Completed']),
  StartDate: sql`created::date`,
  EndDate: sql`(created::date + 60)`,
  BudgetedCost: sql`(1000 * (1 + ${dice.roll('budget', 50)}))::numeric`,
  NumberSent: sql`(100 * (1 + ${dice.roll('sent', 50)}))::numeric`,
  IsActive: sql`${dice.roll('active', 2)} = 0`,
  Description: dice.pick('note', notes),
});

/** Each member is a different person. */
const memberFields: Maker = (dice, plan) => {
  const isLead = sql`${dice.roll('kind', 2)} = 0`;
  const status = dice.pick('status', ['Sent', 'Sent', 'Responded']);
  return {
    IsDeleted: always(sql`false`),
    CampaignId: someRecord(dice, plan, '701', 'Campaign', 'campaign'),
    LeadId: always(
      sql`CASE WHEN ${isLead} THEN ${recordAtSamePosition(plan, 'CampaignMember', 'Lead', '00Q')} END`,
    ),
    ContactId: always(
      sql`CASE WHEN NOT ${isLead} THEN ${recordAtSamePosition(plan, 'CampaignMember', 'Contact', '003')} END`,
    ),
    Status: always(status),
    FirstRespondedDate: always(sql`CASE WHEN ${status} = 'Responded' THEN created::date END`),
  };
};

const assetFields: Maker = (dice, plan) => {
  const contact = someRecord(dice, plan, '003', 'Contact', 'contact');
  const product = someRecord(dice, plan, '01t', 'Product2', 'product');
  return {
    ContactId: always(contact),
    AccountId: always(fieldOf('Contact', contact, 'AccountId')),
    Product2Id: always(product),
    Name: fieldOf('Product2', product, 'Name'),
    SerialNumber: sql`concat('SN-', n * 13)`,
    PurchaseDate: sql`created::date`,
    InstallDate: sql`(created::date + ${dice.roll('installed', 90)}::integer)`,
    Status: dice.pick('status', ['Purchased', 'Shipped', 'Installed', 'Obsolete']),
    Price: sql`(${dice.roll('price', 500_000)} / 100.0)::numeric(18, 2)`,
    Quantity: sql`(1 + ${dice.roll('quantity', 20)})::numeric`,
  };
};

const contractFields: Maker = (dice, plan) => {
  const status = dice.pick('status', ['Draft', 'In Approval Process', 'Activated', 'Activated']);
  return {
    AccountId: someRecord(dice, plan, '001', 'Account', 'account'),
    StartDate: sql`created::date`,
    ContractTerm: sql`(12 * (1 + ${dice.roll('term', 3)}))::integer`,
    Status: status,
    ActivatedById: always(
      sql`CASE WHEN ${status} = 'Activated' THEN ${someRecord(dice, plan, '005', 'User', 'modifier')} END`,
    ),
    ActivatedDate: always(sql`CASE WHEN ${status} = 'Activated' THEN modified END`),
    Description: dice.rarely('has note', 3, dice.pick('note', notes)),
  };
};

const historyFields: Maker = (dice, plan) => ({
  IsDeleted: always(sql`false`),
  AccountId: someRecord(dice, plan, '001', 'Account', 'account'),
  Field: sql`'Rating'::text`,
  DataType: always(sql`'DynamicEnum'::text`),
  OldValue: always(sql`to_jsonb(${dice.pick('before', ratings)})`),
  NewValue: always(sql`to_jsonb(${dice.pick('after', ratings)})`),
});

const shareFields: Maker = (_dice, plan) => {
  const account = recordAtSamePosition(plan, 'AccountShare', 'Account', '001');
  return {
    IsDeleted: always(sql`false`),
    AccountId: account,
    UserOrGroupId: fieldOf('Account', account, 'OwnerId'),
    AccountAccessLevel: sql`'All'::text`,
    OpportunityAccessLevel: sql`'Edit'::text`,
    CaseAccessLevel: sql`'Edit'::text`,
    ContactAccessLevel: always(sql`'Edit'::text`),
    RowCause: always(sql`'Owner'::text`),
  };
};

const roleFields: Maker = (dice, plan) => ({
  OpportunityId: someRecord(dice, plan, '006', 'Opportunity', 'opportunity'),
  ContactId: someRecord(dice, plan, '003', 'Contact', 'contact'),
  Role: dice.pick('role', ['Business User', 'Decision Maker', 'Evaluator', 'Influencer']),
  IsPrimary: sql`${dice.roll('primary', 3)} = 0`,
});

export const workMakers: Record<string, Maker> = {
  Case: caseFields,
  Task: taskFields,
  Event: eventFields,
  Campaign: campaignFields,
  CampaignMember: memberFields,
  Asset: assetFields,
  Contract: contractFields,
  AccountHistory: historyFields,
  AccountShare: shareFields,
  OpportunityContactRole: roleFields,
};
