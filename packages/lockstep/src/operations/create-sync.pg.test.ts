/** Why a sync is refused before anything is created for it, and what its streams look like. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { systemClock } from '@lockstep/foundation/clock';
import { databaseUrl, openDatabase } from '@lockstep/foundation/database';
import { sql } from '@lockstep/foundation/sql';
import { openTestControl, type TestControl } from '@lockstep/harness/control';
import { startOrg, type TestOrg } from '@lockstep/harness/org';
import type { Report } from '../core/progress.ts';
import type { RequestError } from '../core/request-error.ts';
import { destinationNames, dropPrivateDatabase } from '../postgres/index.ts';
import { createSync } from './create-sync.ts';

let org: TestOrg;
let control: TestControl;
before(async () => {
  org = await startOrg({ records: 100 });
  control = await openTestControl();
});
after(async () => {
  await control[Symbol.asyncDispose]();
  await org[Symbol.asyncDispose]();
});

const create = (sobjects: readonly string[], report: Report = () => undefined) =>
  createSync(
    { control: control.control, clock: systemClock, log: control.log.log, report },
    {
      name: 'world',
      given: () =>
        Promise.resolve({
          loginUrl: org.url,
          credential: { flow: 'client credentials', ...org.credentials.integration },
          signIn: null,
        }),
      sobjects,
      intervalMs: 3_000,
      apiVersion: '62.0',
      allowHosts: [new URL(org.url).host],
    },
    new AbortController().signal,
  );

test('all objects that cannot be taken are named with their reasons, and nothing is created', async () => {
  const steps: string[] = [];
  const wanted = ['Account', 'flowtestview', 'Contact', 'Acount', 'Name', 'acount', 'contentdocumentlink'];
  await assert.rejects(
    create(wanted, ({ step }) => steps.push(step)),
    (error: RequestError) => {
      assert.deepEqual([error.label, error.message], ['SCH-06', error.errors[0]?.reason]);
      assert.deepEqual(
        error.errors.map(({ field, code, reason }) => [field, code, reason]),
        [
          [
            'objects.1',
            'SCH-06',
            'Object cannot be mirrored. FlowTestView can only be queried with a filter.',
          ],
          [
            'objects.3',
            'SCH-09',
            'Unknown object. The org has no object Acount that this user can see. Near: Account.',
          ],
          ['objects.4', 'SCH-06', 'Object cannot be mirrored. Name allows no query.'],
          [
            'objects.6',
            'SCH-13',
            'Parent object missing. Salesforce gives ContentDocumentLink only for given records of ContentDocument, which the sync does not mirror.',
          ],
        ],
      );
      return true;
    },
  );
  assert.deepEqual(steps, ['describing objects']);
  assert.deepEqual(await control.control.db.query(sql`SELECT FROM lockstep.sync`), []);
});

test('objects without SystemModstamp become streams that know which time to follow', async () => {
  const id = await create(['Account', 'AccountHistory', 'AccountShare']);
  const { database } = destinationNames(id);
  const mirror = openDatabase({
    url: databaseUrl(control.database.url, { database }),
    applicationName: 'test',
  });
  try {
    const streams = await mirror.query(sql`
      SELECT sobject, cursor_field, replicateable FROM _lockstep.checkpoint ORDER BY stream_no`);
    assert.deepEqual(streams, [
      { sobject: 'Account', cursor_field: 'SystemModstamp', replicateable: true },
      { sobject: 'AccountHistory', cursor_field: 'CreatedDate', replicateable: true },
      { sobject: 'AccountShare', cursor_field: 'LastModifiedDate', replicateable: false },
    ]);
  } finally {
    await mirror.end();
    await dropPrivateDatabase(control.control.db, id);
  }
});
