import type { FieldDef } from '../schema/schema.ts';
import { field, picklist, reference, seenByAll } from './fields.ts';
import { timeZones } from './picklists.ts';

/** What tasks and events have in common: whom and what they are about, and how they recur. */
export const who = (childRelationshipName: string): FieldDef =>
  reference('WhoId', 'Name ID', ['Contact', 'Lead'], { cascadeDelete: true, childRelationshipName });

export const what = (childRelationshipName: string): FieldDef =>
  reference(
    'WhatId',
    'Related To ID',
    ['Account', 'Asset', 'Campaign', 'Case', 'Contract', 'Invoice__c', 'Opportunity', 'Product2'],
    { cascadeDelete: true, childRelationshipName },
  );

const kinds = {
  RecursDaily: 'Recurs Daily',
  RecursEveryWeekday: 'Recurs Every Weekday',
  RecursMonthly: 'Recurs Monthly',
  RecursMonthlyNth: 'Recurs Monthly Nth',
  RecursWeekly: 'Recurs Weekly',
  RecursYearly: 'Recurs Yearly',
  RecursYearlyNth: 'Recurs Yearly Nth',
};
const instances = { First: '1st', Second: '2nd', Third: '3rd', Fourth: '4th', Last: 'last' };
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
const fixed = { length: 40, restrictedPicklist: true, ...seenByAll } as const;

/** The fields from the end of a series on. */
export const recurrence: readonly FieldDef[] = [
  field('date', 'RecurrenceEndDateOnly', 'Recurrence End', seenByAll),
  picklist('RecurrenceTimeZoneSidKey', 'Recurrence Time Zone', timeZones, fixed),
  picklist('RecurrenceType', 'Recurrence Type', Object.keys(kinds), { ...fixed, picklistLabels: kinds }),
  field('int', 'RecurrenceInterval', 'Recurrence Interval', { digits: 9, ...seenByAll }),
  field('int', 'RecurrenceDayOfWeekMask', 'Recurrence Day of Week Mask', { digits: 9, ...seenByAll }),
  field('int', 'RecurrenceDayOfMonth', 'Recurrence Day of Month', { digits: 9, ...seenByAll }),
  picklist('RecurrenceInstance', 'Recurrence Instance', Object.keys(instances), {
    ...fixed,
    picklistLabels: instances,
  }),
  picklist('RecurrenceMonthOfYear', 'Recurrence Month of Year', months, fixed),
];
