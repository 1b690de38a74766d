import { z } from 'zod';

/**
 * Validation rules and triggers as a file declares them: an org's customisation in one page of JSON. All conditions
 * and values are Salesforce formulas over the record that is written.
 */
const apiName = z.string().regex(/^[A-Za-z]\w{0,79}$/, 'must be an API name');
const formula = z.string().min(1);
const fieldFormulas = z
  .record(apiName, formula)
  .refine((fields) => Object.keys(fields).length > 0, 'must name a field');

const validationRule = z.strictObject({
  sobject: apiName,
  name: apiName,
  /** The write is refused if it is true. */
  condition: formula,
  message: z.string().min(1).max(255),
  /** The field beside which the message is shown; at the top of the page if left out. */
  field: apiName.optional(),
});

const action = z
  .strictObject({
    /** Fields of the record. */
    set: fieldFormulas.optional(),
    /** Fields of the record that a reference points to. */
    setParent: z.strictObject({ reference: apiName, fields: fieldFormulas }).optional(),
    create: z.strictObject({ sobject: apiName, fields: fieldFormulas }).optional(),
    /** The records whose reference points to this one. */
    delete: z.strictObject({ sobject: apiName, reference: apiName }).optional(),
    /** The message of the exception. */
    throw: z.string().min(1).max(255).optional(),
  })
  .refine(
    (one) => Object.values(one).filter((value) => value !== undefined).length === 1,
    'must be one of set, setParent, create, delete, throw',
  );

const moments = [
  'before insert',
  'after insert',
  'before update',
  'after update',
  'before delete',
  'after delete',
] as const;

const trigger = z.strictObject({
  sobject: apiName,
  name: apiName,
  when: z.array(z.enum(moments)).min(1),
  /** For every record if left out. */
  condition: formula.optional(),
  do: action,
});

export const rulesSchema = z.strictObject({
  validationRules: z.array(validationRule).default([]),
  triggers: z.array(trigger).default([]),
});

export type Rules = z.infer<typeof rulesSchema>;
export type ValidationRule = Rules['validationRules'][number];
export type Trigger = Rules['triggers'][number];
export type Moment = (typeof moments)[number];

export const noRules: Rules = { validationRules: [], triggers: [] };
