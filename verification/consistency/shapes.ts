import type { Random } from '@lockstep/foundation/random';

/** What is written to an sobject. Each value contains the number of its write, so that no two versions are equal. */
export interface Shape {
  sobject: string;
  /** Fields that a create needs in addition to `values`. */
  required: (write: number) => Readonly<Record<string, unknown>>;
  values: Readonly<Record<string, (write: number) => unknown>>;
  externalId?: string;
  /** The field that refers to a parent record, and the parent's sobject. */
  parent?: { field: string; sobject: string };
}

const text = (write: number) => `w${write}`;
const whole = (write: number) => write % 10_000_000;
const externalId = 'External_Id__c';

export const shapes: readonly Shape[] = [
  {
    sobject: 'Account',
    required: (write) => ({ Name: `Written ${write}` }),
    values: { Site: text, TickerSymbol: text, NumberOfEmployees: whole, Description: text },
    externalId,
  },
  {
    sobject: 'Contact',
    required: (write) => ({ LastName: `Written ${write}` }),
    values: { Title: text, Department: text, AssistantName: text },
    parent: { field: 'AccountId', sobject: 'Account' },
  },
  {
    sobject: 'Lead',
    required: (write) => ({ LastName: `Written ${write}`, Company: 'Written' }),
    values: { Title: text, NumberOfEmployees: whole, Description: text },
  },
  {
    sobject: 'Opportunity',
    required: (write) => ({ Name: `Written ${write}`, StageName: 'Prospecting', CloseDate: '2027-01-31' }),
    values: { NextStep: text, TotalOpportunityQuantity: whole, Description: text },
    parent: { field: 'AccountId', sobject: 'Account' },
  },
  {
    sobject: 'Invoice__c',
    required: () => ({}),
    values: { Summary__c: text, Installments__c: whole, Note__c: text },
    externalId,
  },
  {
    sobject: 'Invoice_Line__c',
    required: () => ({ Quantity__c: 1, Unit_Price__c: 2.5 }),
    values: { Description__c: text, Position__c: whole, Quantity__c: (write) => write % 1_000 },
    externalId,
    parent: { field: 'Invoice__c', sobject: 'Invoice__c' },
  },
];

export function shapeOf(sobject: string): Shape {
  const shape = shapes.find((one) => one.sobject === sobject);
  if (!shape) throw new Error(`there is no shape for ${sobject}`);
  return shape;
}

export const newRecord = ({ required, values }: Shape, write: number): Record<string, unknown> => ({
  ...required(write),
  ...Object.fromEntries(Object.entries(values).map(([field, value]) => [field, value(write)])),
});

/** Some of the values, at least one. */
export function someChange({ values }: Shape, write: number, random: Random): Record<string, unknown> {
  const fields = Object.keys(values);
  const chosen = fields.filter(() => random.next() < 0.4);
  const names = chosen.length > 0 ? chosen : [random.pick(fields)];
  return Object.fromEntries(names.map((name) => [name, values[name]?.(write)]));
}
