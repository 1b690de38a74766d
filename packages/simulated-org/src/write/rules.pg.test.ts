import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { startOrg } from '@lockstep/harness/org';
import { ingestJobs } from '../bulk/test-jobs.ts';

/** The org over HTTP, with the rules that docs/org-rules.md shows. */
const page = await readFile(join(import.meta.dirname, '../../../../docs/org-rules.md'), 'utf8');
const shown = /```json\n([\s\S]*?)```/.exec(page)?.[1] ?? '';
const folder = await mkdtemp(join(tmpdir(), 'lockstep-rules-'));
const rulesFile = join(folder, 'rules.json');
await writeFile(rulesFile, shown);

const org = await startOrg({ records: 100 });
await org.restart({ rulesFile });
after(async () => {
  await org[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

const data = '/services/data/v62.0';
const post = (sobject: string, body: object) => org.request('POST', `${data}/sobjects/${sobject}`, { body });
const patch = (sobject: string, id: string, body: object) =>
  org.request('PATCH', `${data}/sobjects/${sobject}/${id}`, { body });
async function create(sobject: string, body: object): Promise<string> {
  const { status, json } = await post(sobject, body);
  assert.equal(status, 201, JSON.stringify(json));
  return (json as { id: string }).id;
}
const read = async (sobject: string, id: string) =>
  (await org.request('GET', `${data}/sobjects/${sobject}/${id}`)).json as Record<string, unknown>;
const query = async (soql: string) =>
  ((await org.request('GET', `${data}/query?q=${encodeURIComponent(soql)}`)).json as { records: unknown[] })
    .records;

const won = { Name: 'o', StageName: 'Closed Won', CloseDate: '2026-01-01' };

test('a validation rule refuses a create and an update with its message and field', async () => {
  const refused = await post('Opportunity', won);
  assert.equal(refused.status, 400);
  const entry = {
    message: 'A won opportunity needs an amount.',
    errorCode: 'FIELD_CUSTOM_VALIDATION_EXCEPTION',
    fields: ['Amount'],
  };
  assert.deepEqual(refused.json, [entry]);
  const id = await create('Opportunity', { ...won, Amount: 5 });
  const { status, json } = await patch('Opportunity', id, { Amount: null });
  assert.deepEqual([status, json], [400, [entry]]);
  assert.equal((await read('Opportunity', id)).Amount, 5);
});

test('a rule may compare the record with its old values', async () => {
  const id = await create('Account', { Name: 'a' });
  assert.equal((await patch('Account', id, { Phone: '1' })).status, 204);
  assert.equal((await patch('Account', id, { Phone: '1', Fax: '2' })).status, 204);
  const { status, json } = await patch('Account', id, { Phone: '3' });
  assert.equal(status, 400);
  assert.deepEqual((json as { fields: string[] }[])[0]?.fields, []);
});

test('in a collection only the records that a rule refuses fail', async () => {
  const record = (more: object) => ({ attributes: { type: 'Opportunity' }, ...won, ...more });
  const body = { records: [record({}), record({ Amount: 1 })] };
  const { json } = await org.request('POST', `${data}/composite/sobjects`, { body });
  const results = json as { success: boolean; errors: { statusCode: string; fields: string[] }[] }[];
  assert.deepEqual(
    results.map(({ success }) => success),
    [false, true],
  );
  assert.deepEqual(results[0]?.errors[0]?.statusCode, 'FIELD_CUSTOM_VALIDATION_EXCEPTION');
});

test('a before trigger sets fields of the record as part of its write', async () => {
  const id = await create('Lead', { LastName: 'l', Company: 'Acme' });
  const lead = await read('Lead', id);
  assert.equal(lead.Description, 'Lead from Acme');
  assert.equal(lead.SystemModstamp, lead.CreatedDate);
  await patch('Lead', id, { Description: null, Company: 'Bolt' });
  assert.equal((await read('Lead', id)).Description, 'Lead from Bolt');
});

test('an after trigger updates the parent and creates a child', async () => {
  const id = await create('Account', { Name: 'Welcome inc.' });
  assert.deepEqual(
    ((await query(`SELECT LastName FROM Contact WHERE AccountId = '${id}'`)) as { LastName: string }[]).map(
      ({ LastName }) => LastName,
    ),
    ['Welcome inc.'],
  );
  await create('Opportunity', { ...won, Amount: 1, AccountId: id });
  assert.equal((await read('Account', id)).Rating, 'Hot');
});

test('a trigger deletes the records that point to the record', async () => {
  const invoice = await create('Invoice__c', {});
  const line = { Invoice__c: invoice, Quantity__c: 1, Unit_Price__c: 1 };
  await create('Invoice_Line__c', line);
  assert.equal((await org.request('DELETE', `${data}/sobjects/Invoice__c/${invoice}`)).status, 204);
  assert.deepEqual(await query(`SELECT Id FROM Invoice_Line__c WHERE Invoice__c = '${invoice}'`), []);
});

test('an exception in a trigger reads like one in Apex, and nothing is written', async () => {
  const id = await create('Product2', { Name: 'p', IsActive: true });
  const { status, json } = await org.request('DELETE', `${data}/sobjects/Product2/${id}`);
  assert.equal(status, 400);
  assert.deepEqual(json, [
    {
      message:
        'KeepActive: execution of BeforeDelete\n\ncaused by: TriggerException: An active product cannot be deleted.\n\nTrigger.KeepActive: line 1, column 1',
      errorCode: 'CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY',
      fields: [],
    },
  ]);
  assert.equal((await read('Product2', id)).IsDeleted, false);
});

test('the log has the name that a client gives itself, inside a batch too', async () => {
  const headers = { 'Sforce-Call-Options': 'client=SforceMdb' };
  const richInput = { LastName: 'logged', Company: 'c' };
  const batchRequests = [{ method: 'POST', url: 'v62.0/sobjects/Lead', richInput }];
  await org.request('POST', `${data}/composite/batch`, { body: { batchRequests }, headers });
  const [entry] = await org.db.query(sql`
    SELECT change, client FROM simulator.commit_log WHERE sobject = 'Lead' ORDER BY position DESC LIMIT 1`);
  assert.deepEqual(entry, { change: 'create', client: 'SforceMdb' });
});

test('writes of a Bulk job are logged under the name that the client gave itself when it created the job', async () => {
  const named = { 'Sforce-Call-Options': 'client=Loader' };
  const { run } = ingestJobs({
    request: (method, path, given) =>
      org.request(method, path, { ...given, headers: { ...given?.headers, ...named } }),
  });
  const made = await run({ object: 'Lead', operation: 'insert' }, 'LastName,Company\nbulk,c\n');
  assert.equal(made.state, 'JobComplete');
  const [entry] = await org.db.query(sql`
    SELECT change, client FROM simulator.commit_log WHERE sobject = 'Lead' ORDER BY position DESC LIMIT 1`);
  assert.deepEqual(entry, { change: 'create', client: 'Loader' });
});

test('the rules remain after a start without the file', async () => {
  await rm(rulesFile);
  await org.restart();
  assert.equal((await post('Opportunity', won)).status, 400);
});
