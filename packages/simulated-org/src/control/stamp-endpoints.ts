import { ident, join, sql } from '@lockstep/foundation/sql';
import { z } from 'zod';
import { type Org } from '../org.ts';
import { fieldNamed } from '../schema/schema.ts';
import { isLive, tableOf } from '../schema/storage.ts';
import { generateRecords } from '../seed/generate.ts';
import { writeTransaction } from '../write/open-writes.ts';
import { stampOf } from '../write/writer.ts';
import { type EndpointGroup, endpoint, sobjectNamed } from './control-endpoint.ts';
import { ControlError } from './control-error.ts';
import { instant } from './named-in-requests.ts';
import {
  anyValues,
  definitionOf,
  fieldValues,
  idOf,
  recordIdText,
  runWrites,
  writerOf,
  writesBody,
} from './writes.ts';

/** The stamps that records get, and changes without a stamp. */
const generateBody = z.strictObject({
  sobject: z.string(),
  count: z.int().min(1).max(10_000_000),
  at: instant.optional().describe('Their stamp, instead of now.'),
  seed: z.int().min(0).default(1).describe('For the random choice of their values.'),
});

const restampBody = z.strictObject({
  sobject: z.string(),
  ids: z
    .array(recordIdText)
    .min(1)
    .max(100_000)
    .optional()
    .describe('Only these; otherwise every live record.'),
  batchRows: z
    .int()
    .min(1)
    .max(100_000)
    .default(2000)
    .describe('Records per transaction; each transaction has one stamp.'),
});

/** As Salesforce does after a change of a picklist or a mass transfer: SystemModstamp alone. */
async function restamp(org: Org, { sobject, ids, batchRows }: z.output<typeof restampBody>) {
  const def = sobjectNamed(org, sobject);
  if (!fieldNamed(def, 'SystemModstamp')) throw new ControlError(400, `${def.name} has no SystemModstamp`);
  const only = ids && sql`AND "Id" = ANY(${ids.map(idOf)})`;
  let restamped = 0;
  for (let after = ''; ; ) {
    const batch = await writeTransaction(org, (tx) =>
      tx.query<{ Id: string }>(sql`
        WITH batch AS (
          SELECT "Id" FROM ${tableOf(def)}
           WHERE "Id" > ${after} AND ${isLive(def)} ${only ?? sql``}
           ORDER BY "Id" LIMIT ${batchRows} FOR UPDATE
        ), changed AS (
          UPDATE ${tableOf(def)} AS r SET "SystemModstamp" = ${stampOf({ org, userId: '' }).at}::timestamptz
            FROM batch WHERE r."Id" = batch."Id" RETURNING r."Id"
        )
        SELECT "Id" FROM changed ORDER BY "Id"`),
    );
    restamped += batch.length;
    const last = batch.at(-1);
    if (!last) return { restamped };
    after = last.Id;
  }
}

const silentBody = z.strictObject({ id: recordIdText, values: fieldValues });

/** No stamp, no trigger; also fields that clients cannot write. */
async function changeSilently(org: Org, { id: text, values }: z.output<typeof silentBody>): Promise<void> {
  const id = idOf(text);
  const def = definitionOf(org, id);
  const columns = [...anyValues(def, values)];
  if (columns.length === 0) throw new ControlError(400, 'values: name at least one field');
  const assignments = columns.map(([field, value]) => sql`${ident(field.name)} = ${value}`);
  const changed = await writeTransaction(org, (tx) =>
    tx.query(sql`UPDATE ${tableOf(def)} SET ${join(assignments)} WHERE "Id" = ${id} RETURNING "Id"`),
  );
  if (changed.length === 0) throw new ControlError(404, `there is no record ${id}`);
}

export const stampEndpoints: EndpointGroup = {
  title: 'Writes and their stamps',
  about:
    'Stamps are in whole seconds, and are set when a record is written, not when the write is committed.',
  endpoints: [
    endpoint({
      path: '/records/write',
      does: 'Writes records in one transaction, as any user and with any stamp.',
      body: writesBody,
      example: {
        at: '2026-02-28T23:59:59Z',
        writes: [{ update: '001Hp0000000001IAA', values: { Name: 'Stamped in the past' } }],
      },
      run: async (org, body) => ({
        ids: await writeTransaction(org, (tx) => runWrites(tx, writerOf(org, body), body.writes)),
      }),
    }),
    endpoint({
      path: '/records/generate',
      does: 'Creates records by the million, all with one stamp, bypassing triggers, rules, roll-ups and the commit log.',
      body: generateBody,
      example: { sobject: 'Account', count: 600 },
      run: async (org, { sobject, count, at = org.clock.now(), seed }) => {
        const def = sobjectNamed(org, sobject);
        await generateRecords(org, def, { count, at, seed });
        return { generated: count };
      },
    }),
    endpoint({
      path: '/records/changeSilently',
      does: 'Changes values without a stamp or trigger, as a formula or an internal job of Salesforce does.',
      body: silentBody,
      example: { id: '001Hp0000000001IAA', values: { NumberOfEmployees: 7 } },
      run: changeSilently,
    }),
    endpoint({
      path: '/records/restamp',
      does: 'Sets SystemModstamp to now and changes nothing else, batch by batch.',
      body: restampBody,
      example: { sobject: 'Account' },
      run: restamp,
    }),
    endpoint({
      path: '/stamps/jitter',
      does: 'Makes the stamps of later writes deviate. A share of 0 ends it.',
      body: z.strictObject({
        seconds: z.int().min(0).max(86_400).describe('The largest deviation.'),
        direction: z
          .enum(['back', 'both'])
          .default('back')
          .describe('back: stamps are too early; both: too early or too late.'),
        share: z.number().min(0).max(1).default(1).describe('The fraction of the writes that it affects.'),
        seed: z.int().min(0).default(1).describe('For the random choice of these writes.'),
      }),
      example: { seconds: 2, share: 0.1 },
      run: (org, jitter) => {
        org.control.jitter = jitter;
      },
    }),
  ],
};
