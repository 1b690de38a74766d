import { z } from 'zod';
import { binKnobs } from './bin-knobs.ts';
import { bulkKnobs } from './bulk-knobs.ts';
import { clockKnobs } from './clock-knobs.ts';
import { faultKnobs } from './fault-knobs.ts';
import type { Knob, KnobGroup } from './knob.ts';
import { metadataKnobs } from './metadata-knobs.ts';
import { orgKnobs } from './org-knobs.ts';
import { queryKnobs } from './query-knobs.ts';
import { rightsKnobs } from './rights-knobs.ts';
import { rulesKnobs } from './rules-knobs.ts';
import { schemaKnobs } from './schema-knobs.ts';
import { signInKnobs } from './sign-in-knobs.ts';
import { stampKnobs } from './stamp-knobs.ts';
import { transactionKnobs } from './transaction-knobs.ts';
import { visibilityKnobs } from './visibility-knobs.ts';

/** All that the control API can do. A new group of knobs is written in a file of its own and named here. */
export const knobGroups: readonly KnobGroup[] = [
  clockKnobs,
  transactionKnobs,
  stampKnobs,
  binKnobs,
  schemaKnobs,
  metadataKnobs,
  rulesKnobs,
  rightsKnobs,
  visibilityKnobs,
  queryKnobs,
  faultKnobs,
  bulkKnobs,
  signInKnobs,
  orgKnobs,
];

export const schemaOf = ({ body }: Knob): object => {
  const { $schema: _, ...schema } = z.toJSONSchema(body, { io: 'input', unrepresentable: 'any' });
  return schema;
};

/** The answer of `GET /`. */
export const listing = () => ({
  does: 'Time and disturbances of a simulated Salesforce org. GET reads; POST, with a body of JSON, does.',
  groups: knobGroups.map(({ title, about, knobs }) => ({
    title,
    about,
    knobs: knobs.map((knob) => ({
      method: knob.method,
      path: knob.path,
      does: knob.does,
      ...(knob.method === 'POST' && { body: schemaOf(knob), example: knob.example }),
    })),
  })),
});
