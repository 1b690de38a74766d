import type { Tx } from '@lockstep/foundation/database';
import { sql } from '@lockstep/foundation/sql';
import { z } from 'zod';
import { type Org, type Writer } from '../org.ts';
import { hasColumn, type SObjectDef } from '../schema/schema.ts';
import { tableOf } from '../schema/storage.ts';
import { deleteRecord, insertRecord, updateRecord } from '../write/dml.ts';
import { columnValues } from '../write/field-values.ts';
import { writeTransaction } from '../write/open-writes.ts';
import { type EndpointGroup, endpoint, sobjectNamed, userIdOf } from './control-endpoint.ts';
import { ControlError } from './control-error.ts';
import { exactValues, fieldValues } from './writes.ts';

/** Records of custom metadata types, which no API of this org writes: deployments create and delete them. */
const developerName = z.string().regex(/^[A-Za-z]\w*$/);

const deployBody = z.strictObject({
  sobject: z.string().describe('A custom metadata type.'),
  records: z
    .array(z.strictObject({ developerName, values: fieldValues.default({}) }))
    .default([])
    .describe('Created, or changed if there is one with that name.'),
  removed: z
    .array(developerName)
    .default([])
    .describe('Deleted for good: custom metadata has no recycle bin.'),
});

async function deploy(org: Org, { sobject, records, removed }: z.output<typeof deployBody>) {
  const def = sobjectNamed(org, sobject);
  if (!def.isMetadata)
    throw new ControlError(400, `${def.name} is not a custom metadata type: use /records/write`);
  const by: Writer = { org, userId: userIdOf(org, 'demo') };
  return writeTransaction(org, async (tx) => {
    const ids: string[] = [];
    for (const record of records) ids.push(await put(tx, by, writable(def), record));
    for (const name of removed) {
      const id = await idNamed(tx, def, name);
      if (id === undefined) throw new ControlError(404, `there is no ${def.name} ${name}`);
      await deleteRecord(tx, by, def, id);
    }
    return { ids };
  });
}

async function put(
  tx: Tx,
  by: Writer,
  def: SObjectDef,
  { developerName: name, values }: z.output<typeof deployBody>['records'][number],
): Promise<string> {
  const id = await idNamed(tx, def, name);
  if (id !== undefined) {
    await updateRecord(tx, by, def, id, columnValues(def, exactValues(values), 'update'));
    return id;
  }
  const whole = { DeveloperName: name, MasterLabel: name.replaceAll('_', ' '), Language: 'en_US', ...values };
  return insertRecord(tx, by, def, columnValues(def, exactValues(whole), 'create'));
}

/** The type as a deployment sees it. */
function writable({ createable: _createable, updateable: _updateable, ...def }: SObjectDef): SObjectDef {
  const fields = def.fields.map((field) => {
    const isOpen = hasColumn(field) && !['Id', 'SystemModstamp'].includes(field.name);
    return { ...field, createable: isOpen, updateable: isOpen };
  });
  return { ...def, fields };
}

async function idNamed(tx: Tx, def: SObjectDef, name: string): Promise<string | undefined> {
  const [row] = await tx.query<{ Id: string }>(
    sql`SELECT "Id" FROM ${tableOf(def)} WHERE "DeveloperName" = ${name}`,
  );
  return row?.Id;
}

export const metadataEndpoints: EndpointGroup = {
  title: 'Custom metadata',
  about: 'Deployments create and delete records of custom metadata types, such as Region__mdt.',
  endpoints: [
    endpoint({
      path: '/metadata/deploy',
      does: 'Creates, changes and deletes records of a custom metadata type in one transaction, and returns the Ids of those that stay.',
      body: deployBody,
      example: {
        sobject: 'Region__mdt',
        records: [{ developerName: 'Chile_North', values: { Tax_Rate__c: 19, Currency__c: 'CLP' } }],
        removed: ['India_West'],
      },
      run: deploy,
    }),
  ],
};
