import type { FieldDef } from '../schema.ts';
import { field, picklist, reference } from './fields.ts';
import { timeZones } from './picklists.ts';

/** What tasks and events have in common: whom and what they are about, and how they repeat. */
export const who = (childRelationshipName: string): FieldDef =>
  reference('WhoId', 'Name ID', ['Contact', 'Lead'], { cascadeDelete: true, childRelationshipName });

export const what = (childRelationshipName: string): FieldDef =>
  reference(
    'WhatId',
    'Related To ID',
    ['Account', 'Asset', 'Campaign', 'Case', 'Contract', 'Invoice__c', 'Opportunity', 'Product2'],
    { cascadeDelete: true, childRelationshipName },
  );

const kinds = [
  'RecursDaily',
  'RecursEveryWeekday',
  'RecursMonthly',
  'RecursMonthlyNth',
  'RecursWeekly',
  'RecursYearly',
  'RecursYearlyNth',
];
const instances = ['First', 'Second', 'Third', 'Fourth', 'Last'];
const months = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];
const fixed = { length: 40, restrictedPicklist: true } as const;

/** From the end of a series on. */
export const recurrence: readonly FieldDef[] = [
  field('date', 'RecurrenceEndDateOnly', 'Recurrence End'),
  picklist('RecurrenceTimeZoneSidKey', 'Recurrence Time Zone', timeZones, fixed),
  picklist('RecurrenceType', 'Recurrence Type', kinds, fixed),
  field('int', 'RecurrenceInterval', 'Recurrence Interval', { digits: 9 }),
  field('int', 'RecurrenceDayOfWeekMask', 'Recurrence Day of Week Mask', { digits: 9 }),
  field('int', 'RecurrenceDayOfMonth', 'Recurrence Day of Month', { digits: 9 }),
  picklist('RecurrenceInstance', 'Recurrence Instance', instances, fixed),
  picklist('RecurrenceMonthOfYear', 'Recurrence Month of Year', months, fixed),
];
