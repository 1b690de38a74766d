/** For this room's tests: deals with a field of each type that formulas read, and their parents. */
import { currency, field, flag, longText, number, picklist, reference } from '../objects/fields.ts';
import { user } from '../objects/user.ts';
import { sampleSObject } from '../schema/sample-sobject.ts';
import type { FieldDef, SObjectDef } from '../schema/schema.ts';

/** @param type  of the formula's result */
export const formulaField = (
  name: string,
  type: FieldDef['type'],
  formula: string,
  more: Partial<FieldDef> = {},
): FieldDef => field(type, name, name, { createable: false, updateable: false, formula, ...more });

export const region = (...more: FieldDef[]): SObjectDef =>
  sampleSObject('Region__c', 'a10', number('Factor__c', 'Factor', 2), ...more);

export const customer = (...more: FieldDef[]): SObjectDef =>
  sampleSObject(
    'Customer__c',
    'a11',
    reference('Region__c', 'Region', ['Region__c']),
    number('Bonus__c', 'Bonus', 2),
    flag('Is_Key__c', 'Is Key'),
    ...more,
  );

export const deal = (...more: FieldDef[]): SObjectDef =>
  sampleSObject(
    'Deal__c',
    'a12',
    reference('Customer__c', 'Customer', ['Customer__c']),
    reference('OwnerId', 'Owner', ['Group', 'User'], { nillable: false }),
    currency('Amount__c', 'Amount'),
    number('Count__c', 'Count', 0),
    field('percent', 'Share__c', 'Share', { precision: 5, scale: 2 }),
    flag('Is_Open__c', 'Is Open'),
    field('date', 'Due__c', 'Due'),
    field('datetime', 'Seen__c', 'Seen'),
    picklist('Stage__c', 'Stage', ['New', 'Won']),
    field('multipicklist', 'Tags__c', 'Tags', { length: 4099, picklist: ['Red', 'Green'] }),
    longText('Note__c', 'Note'),
    ...more,
  );

/** Deals with these additional fields, customers and regions. */
export const dealsWith = (...more: FieldDef[]): SObjectDef[] => [user, region(), customer(), deal(...more)];
