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
/** Cannot be hidden from whoever sees the activity. */
export const always = { permissionable: false } as const;
const fixed = { ...always, length: 40, restrictedPicklist: true } as const;
const number = { ...always, digits: 9 } as const;

/** From the end of a series on. */
export const recurrence: readonly FieldDef[] = [
  field('date', 'RecurrenceEndDateOnly', 'Recurrence End', always),
  picklist('RecurrenceTimeZoneSidKey', 'Recurrence Time Zone', timeZones, fixed),
  picklist('RecurrenceType', 'Recurrence Type', kinds, {
    ...fixed,
    picklistLabels: Object.fromEntries(kinds.map((kind) => [kind, kind.replaceAll(/\B[A-Z]/g, ' $&')])),
  }),
  field('int', 'RecurrenceInterval', 'Recurrence Interval', number),
  field('int', 'RecurrenceDayOfWeekMask', 'Recurrence Day of Week Mask', number),
  field('int', 'RecurrenceDayOfMonth', 'Recurrence Day of Month', number),
  picklist('RecurrenceInstance', 'Recurrence Instance', instances, {
    ...fixed,
    picklistLabels: { First: '1st', Second: '2nd', Third: '3rd', Fourth: '4th', Last: 'last' },
  }),
  picklist('RecurrenceMonthOfYear', 'Recurrence Month of Year', months, fixed),
];
