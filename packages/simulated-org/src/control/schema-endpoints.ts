import { z } from 'zod';
import type { Org } from '../org.ts';
import { describeField } from '../rest/describe-field.ts';
import { customField, customSObject } from '../schema/custom-fields.ts';
import type { SObjectDef } from '../schema/schema.ts';
import {
  changeField,
  createField,
  createSObject,
  deleteField,
  deleteSObject,
  renameSObject,
  SchemaError,
} from '../schema/schema-changes.ts';
import { type EndpointGroup, endpoint, sobjectNamed } from './control-endpoint.ts';
import { ControlError } from './control-error.ts';

/** Changes of sobjects and fields while the org runs. */
const sobject = z.string().describe('The API name of an sobject.');
const field = z.string().describe('The API name of one of its custom fields.');

/** A change that cannot be made is the request's mistake. */
const orRefused =
  <Body, Result>(work: (org: Org, body: Body) => Promise<Result>) =>
  async (org: Org, body: Body): Promise<Result> => {
    try {
      return await work(org, body);
    } catch (error) {
      if (error instanceof SchemaError) throw new ControlError(400, error.message);
      throw error;
    }
  };

/** The answer about an sobject that was created or changed. */
const shown = (def: SObjectDef) => ({
  name: def.name,
  keyPrefix: def.keyPrefix,
  fields: def.fields.filter(({ custom }) => custom).map((one) => describeField(def, one)),
});

const region = { name: 'Region__c', type: 'string', length: 40, externalId: true } as const;

export const schemaEndpoints: EndpointGroup = {
  title: 'Objects and fields',
  about:
    'Creates, changes and deletes custom objects and fields as an administrator does; describe and queries show it at once. What is renamed keeps its DurableId in EntityDefinition and FieldDefinition. Standard fields cannot be deleted, but they can be hidden from a user (see Rights).',
  endpoints: [
    endpoint({
      path: '/sobjects/create',
      does: 'Creates a custom object, with a table, an Id prefix and the fields that every object has.',
      body: customSObject,
      example: { name: 'Shop__c', nameNumber: 'S-', fields: [region] },
      run: orRefused(async (org, body) => shown(await createSObject(org, body))),
    }),
    endpoint({
      path: '/sobjects/delete',
      does: 'Deletes a custom object with its records, and the lookups to it.',
      body: z.strictObject({ sobject }),
      example: { sobject: 'Shop__c' },
      run: orRefused((org, body) => deleteSObject(org, sobjectNamed(org, body.sobject).name)),
    }),
    endpoint({
      path: '/sobjects/rename',
      does: 'Changes the name of a custom object; its records, its Id prefix and its DurableId stay.',
      body: z.strictObject({ sobject, to: customSObject.shape.name }),
      example: { sobject: 'Shop__c', to: 'Store__c' },
      run: orRefused(async (org, body) => shown(await renameSObject(org, body.sobject, body.to))),
    }),
    endpoint({
      path: '/fields/create',
      does: 'Adds a custom field: any type, a formula, a roll-up, a master-detail, an auto number.',
      body: z.strictObject({ sobject, field: customField }),
      example: { sobject: 'Account', field: region },
      run: orRefused(async (org, body) => shown(await createField(org, body.sobject, body.field))),
    }),
    endpoint({
      path: '/fields/change',
      does: "Changes a custom field's type, length, name or formula. Values that do not fit become null, and no record gets a new stamp.",
      body: z.strictObject({ sobject, name: field, field: customField }),
      example: { sobject: 'Account', name: 'Region__c', field: { ...region, length: 20 } },
      run: orRefused(async (org, body) => shown(await changeField(org, body.sobject, body.name, body.field))),
    }),
    endpoint({
      path: '/fields/delete',
      does: 'Deletes a custom field with its values.',
      body: z.strictObject({ sobject, name: field }),
      example: { sobject: 'Account', name: 'Region__c' },
      run: orRefused((org, body) => deleteField(org, body.sobject, body.name)),
    }),
  ],
};
