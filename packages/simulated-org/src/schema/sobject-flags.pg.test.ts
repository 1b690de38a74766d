import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startOrg } from '@lockstep/harness/org';

const org = await startOrg({ records: 200 });
after(() => org[Symbol.asyncDispose]());

const data = '/services/data/v62.0';
const query = (soql: string, resource = 'query') =>
  org.request('GET', `${data}/${resource}?q=${encodeURIComponent(soql)}`);
const countOf = async (soql: string, resource?: string): Promise<number> => {
  const answer = await query(soql, resource);
  assert.equal(answer.status, 200, answer.text);
  return (answer.json as { totalSize: number }).totalSize;
};
const refusal = async (soql: string) => {
  const answer = await query(soql);
  const [error] = answer.json as { errorCode: string; message: string }[];
  return [answer.status, error?.errorCode, error?.message];
};

test('an sobject that is not queryable refuses a query without pointing to a position in it', async () => {
  const expected = [400, 'INVALID_TYPE_FOR_OPERATION', 'entity type Name does not support query'];
  assert.deepEqual(await refusal('SELECT Id FROM Name'), expected);
  assert.deepEqual(await refusal('SELECT count() FROM Name'), expected);
  const described = await org.request('GET', `${data}/sobjects/Name/describe`);
  assert.equal((described.json as { queryable: boolean }).queryable, false);
});

test('file links can only be queried for named documents or records', async () => {
  const message =
    "Implementation restriction: ContentDocumentLink requires a filter by a single Id on ContentDocumentId or LinkedEntityId using the equals operator or multiple Id's using the IN operator.";
  const refused = [400, 'MALFORMED_QUERY', message];
  const links = 'SELECT Id FROM ContentDocumentLink';
  assert.deepEqual(await refusal(links), refused);
  assert.deepEqual(await refusal(`${links} WHERE ShareType = 'V'`), refused);
  assert.deepEqual(await refusal(`${links} WHERE ContentDocumentId != null`), refused);
  assert.deepEqual(
    await refusal(`${links} WHERE ContentDocumentId = '069000000000001' OR ShareType = 'V'`),
    refused,
  );
  assert.deepEqual(
    await refusal(`SELECT Id FROM Account WHERE Id IN (SELECT LinkedEntityId FROM ContentDocumentLink)`),
    refused,
  );

  const { records } = (await query('SELECT Id FROM ContentDocument LIMIT 1')).json as {
    records: { Id: string }[];
  };
  const id = records[0]?.Id;
  assert.equal(await countOf(`${links} WHERE ContentDocumentId = '${id}'`), 1);
  const further = `${links} WHERE ShareType = 'V' AND ContentDocumentId IN ('${id}')`;
  assert.deepEqual(await refusal(further), [
    400,
    'MALFORMED_QUERY',
    'Implementation restriction: filtering on non-id fields is only permitted when filtering by ContentDocumentLink.LinkedEntityId using the equals operator.',
  ]);
  const { records: linked } = (
    await query(`SELECT LinkedEntityId FROM ContentDocumentLink WHERE ContentDocumentId = '${id}'`)
  ).json as { records: { LinkedEntityId: string }[] };
  const entity = linked[0]?.LinkedEntityId;
  assert.ok((await countOf(`${links} WHERE ShareType = 'V' AND LinkedEntityId = '${entity}'`)) > 0);
  assert.equal(
    await countOf(
      `${links} l WHERE l.ContentDocumentId IN (SELECT Id FROM ContentDocument WHERE Id = '${id}')`,
    ),
    1,
  );
});

test('archived tasks and events are found by queryAll and by Id', async () => {
  for (const sobject of ['Task', 'Event']) {
    const archived = `SELECT Id FROM ${sobject} WHERE IsArchived = true AND IsDeleted = false`;
    assert.equal(await countOf(archived), 0);
    const answer = await query(archived, 'queryAll');
    const { records } = answer.json as { records: { Id: string }[] };
    assert.ok(records.length > 0, sobject);
    const read = await org.request('GET', `${data}/sobjects/${sobject}/${records[0]?.Id}`);
    assert.equal((read.json as { IsArchived: boolean }).IsArchived, true);
  }
});

test('an sobject that is not replicateable lists neither updated nor deleted records', async () => {
  const window = `start=${new Date(Date.now() - 3_600_000).toISOString()}&end=${new Date(Date.now() - 60_000).toISOString()}`;
  for (const sobject of ['AccountShare', 'CaseStatus', 'ContentVersion']) {
    for (const resource of ['updated', 'deleted']) {
      const answer = await org.request('GET', `${data}/sobjects/${sobject}/${resource}/?${window}`);
      assert.equal(answer.status, 400);
      assert.match(answer.text, /INVALID_TYPE_FOR_OPERATION/);
    }
  }
  const history = await org.request('GET', `${data}/sobjects/AccountHistory/updated/?${window}`);
  assert.equal(history.status, 200, history.text);
});

test('records that the org writes itself cannot be written through the API', async () => {
  const created = await org.request('POST', `${data}/sobjects/AccountHistory`, { body: {} });
  assert.equal(created.status, 400);
  const [status] = ((await query('SELECT Id FROM CaseStatus LIMIT 1')).json as { records: { Id: string }[] })
    .records;
  const changed = await org.request('PATCH', `${data}/sobjects/CaseStatus/${status?.Id}`, { body: {} });
  assert.equal(changed.status, 400);
  const deleted = await org.request('DELETE', `${data}/sobjects/CaseStatus/${status?.Id}`);
  assert.equal(deleted.status, 405);
});

test('the org describes itself: one organization, and users have a profile and a role that exist', async () => {
  const { records } = (await query('SELECT Id, Name, OrganizationType, IsSandbox FROM Organization'))
    .json as {
    records: { Id: string; OrganizationType: string; IsSandbox: boolean }[];
  };
  assert.equal(records.length, 1);
  assert.equal(records[0]?.Id, org.orgId);
  assert.deepEqual([records[0]?.OrganizationType, records[0]?.IsSandbox], ['Developer Edition', false]);
  assert.equal(await countOf('SELECT Id FROM User WHERE Profile.Name = null'), 0);
  assert.equal(await countOf("SELECT Id FROM User WHERE Profile.Name = 'System Administrator'"), 1);
  assert.ok((await countOf('SELECT Id FROM User WHERE UserRole.Name != null')) > 0);
  assert.ok((await countOf("SELECT Id FROM Case WHERE Owner.Type = 'Group'")) > 0);
});

test('the Name behind a polymorphic reference is the field that names the record for people', async () => {
  const { records } = (
    await query("SELECT What.Name, What.Type FROM Task WHERE What.Type = 'Case' LIMIT 1", 'queryAll')
  ).json as { records: { What: { Name: string } }[] };
  assert.match(records[0]?.What.Name ?? '', /^\d{8}$/);
});
