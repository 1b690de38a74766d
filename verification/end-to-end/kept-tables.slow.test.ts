/** Tables that stay when their object is removed, and who may take them up again. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { type ApiAnswer, type ApiHarness, newSyncOf, openApiOn } from '@lockstep/harness/api-harness';
import { type EndToEndHarness, openEndToEndHarness } from '@lockstep/harness/end-to-end-harness';
import { startOrg } from '@lockstep/harness/org';
import { type OwnDatabaseHarness, openOwnDatabase } from '@lockstep/harness/own-database';
import { givenDestination } from 'lockstep/operations/given-destination';

const contactIds = sql`SELECT id FROM salesforce.contact ORDER BY id`;

async function removeContact(api: ApiHarness, harness: EndToEndHarness): Promise<void> {
  assert.equal((await api.ask('DELETE', '/api/v1/syncs/harness/objects/Contact')).status, 202);
  await harness.until(
    sql`SELECT count(*) = 0 FROM _lockstep.checkpoint WHERE sobject = 'Contact'`,
    'Contact has left',
  );
}

/** Runs the statements that the answers name, one after the other. */
async function repaired(own: OwnDatabaseHarness, ask: () => Promise<ApiAnswer>): Promise<ApiAnswer> {
  const answer = await ask();
  const statement = /run: (.*)/.exec(String(answer.body.next))?.[1];
  if (!statement) return answer;
  await own.owner.script(statement);
  return repaired(own, ask);
}

test('a table that an earlier sync has left is not taken for the next one’s own, and stays as it is', async () => {
  await using own = await openOwnDatabase();
  await using harness = await openEndToEndHarness({
    org: { records: 200 },
    sobjects: ['Account', 'Contact'],
    destination: givenDestination({ ...own.form(), schema: 'salesforce', share_schema: true }),
  });
  await using other = await startOrg({ records: 100 });
  await using api = await openApiOn(
    harness.control,
    [harness.org, other].map(({ url }) => new URL(url).host),
  );
  const worker = harness.startWorker();
  await harness.untilComplete();
  const left = await own.superuser.query(contactIds);
  assert.ok(left.length > 10);
  await removeContact(api, harness);
  assert.equal((await api.ask('DELETE', '/api/v1/syncs/harness')).status, 200);
  await worker.stop();

  const destination = own.form({ share_schema: true });
  const both = newSyncOf(other, { destination });
  const refused = await repaired(own, () => api.ask('POST', '/api/v1/syncs', both));
  assert.deepEqual([refused.status, refused.body.code], [422, 'DB-10'], JSON.stringify(refused.body));
  const accounts = { ...both, objects: ['Account'] };
  const made = await repaired(own, () => api.ask('POST', '/api/v1/syncs', accounts));
  assert.equal(made.status, 201, JSON.stringify(made.body));
  for (const dry of ['?dry_run=true', '']) {
    const { body } = await api.ask('POST', `/api/v1/syncs/acme/objects${dry}`, { objects: ['Contact'] });
    assert.equal(body.code, 'DB-10', JSON.stringify(body));
    assert.match(String(body.detail), /salesforce has contact, which this sync has not made/);
    assert.match(String(body.next), /rename or drop those/);
  }
  assert.deepEqual(await own.superuser.query(contactIds), left);
  await own.owner.script('ALTER TABLE salesforce.contact RENAME TO contact_before');
  const added = await api.ask('POST', '/api/v1/syncs/acme/objects', { objects: ['Contact'] });
  assert.equal(added.status, 200, JSON.stringify(added.body));
  assert.deepEqual(await own.superuser.query(contactIds), []);
});
