/** The describes of the model org's sobjects, and the tables planned from them. */
import type { Describe } from 'lockstep/core/describe';
import { planTable, type StreamTable, type TablePlan } from 'lockstep/postgres';
import { fieldNames } from './soql.ts';

const types: Partial<Record<string, string>> = {
  Id: 'id',
  IsDeleted: 'boolean',
  SystemModstamp: 'datetime',
};

export const describeOf = (name: string): Describe => ({
  name,
  label: name,
  custom: false,
  queryable: true,
  replicateable: true,
  keyPrefix: null,
  fields: fieldNames.map((field) => ({
    name: field,
    label: field,
    type: types[field] ?? 'double',
    calculated: field === 'Formula__c',
    filterable: true,
    sortable: true,
    referenceTo: [],
    relationshipOrder: null,
  })),
});

export const planOf = (sobject: string): TablePlan => planTable(describeOf(sobject));

/** Tables for a destination that needs no statements. */
export const tablesInMemory = (sobjects: readonly string[]): StreamTable[] =>
  sobjects.map((sobject, place) => ({
    stream: {
      ...planOf(sobject),
      schema: 'salesforce',
      streamNo: place + 1,
      planVersion: 1,
      hidden: [],
      leftOut: [],
      replacing: [],
      durableId: null,
      durableIds: new Map(),
      describedFor: null,
      returnedAt: null,
      queryParts: 1,
    },
    merge: { key: '', apply: '', check: '', patch: '', misfits: '' },
  }));
