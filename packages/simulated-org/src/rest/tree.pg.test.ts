import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startOrg } from '@lockstep/harness/org';

const org = await startOrg({ records: 200 });
after(() => org[Symbol.asyncDispose]());

const data = '/services/data/v62.0';

const record = (type: string, referenceId: string, more: object) => ({
  attributes: { type, referenceId },
  ...more,
});

const send = (sobject: string, records: unknown) =>
  org.request('POST', `${data}/composite/tree/${sobject}`, { body: { records } });

async function total(soql: string): Promise<number> {
  const answer = await org.request('GET', `${data}/query?q=${encodeURIComponent(soql)}`);
  return (answer.json as { totalSize: number }).totalSize;
}

test('a tree creates records with their children and answers with an Id for each reference', async () => {
  const answer = await send('Account', [
    record('Account', 'a1', {
      Name: 'Trunk',
      Contacts: { records: [record('Contact', 'c1', { LastName: 'Leaf' })] },
      Invoices__r: {
        records: [
          record('Invoice__c', 'i1', {
            Invoice_Lines__r: {
              records: [record('Invoice_Line__c', 'l1', { Quantity__c: 2, Unit_Price__c: 3 })],
            },
          }),
        ],
      },
    }),
    record('Account', 'a2', { Name: 'Alone' }),
  ]);

  assert.equal(answer.status, 201, answer.text);
  const { hasErrors, results } = answer.json as {
    hasErrors: boolean;
    results: { referenceId: string; id: string }[];
  };
  const ids = Object.fromEntries(results.map(({ referenceId, id }) => [referenceId, id]));
  assert.equal(hasErrors, false);
  assert.deepEqual(Object.keys(ids).toSorted(), ['a1', 'a2', 'c1', 'i1', 'l1']);
  assert.equal(
    await total(`SELECT count() FROM Contact WHERE Id = '${ids.c1}' AND AccountId = '${ids.a1}'`),
    1,
  );
  const invoice = await org.request(
    'GET',
    `${data}/sobjects/Invoice__c/${ids.i1}?fields=Total__c,Account__c`,
  );
  assert.deepEqual(
    [(invoice.json as { Total__c: number }).Total__c, (invoice.json as { Account__c: string }).Account__c],
    [6, ids.a1],
  );
});

test('one failure rolls back the whole tree and names the reference', async () => {
  const answer = await send('Account', [
    record('Account', 'good', {
      Name: 'Felled',
      Contacts: { records: [record('Contact', 'bad', { FirstName: 'nameless' })] },
    }),
  ]);

  assert.equal(answer.status, 400);
  assert.deepEqual(answer.json, {
    hasErrors: true,
    results: [
      {
        referenceId: 'bad',
        errors: [
          {
            statusCode: 'REQUIRED_FIELD_MISSING',
            message: 'Required fields are missing: [LastName]',
            fields: ['LastName'],
          },
        ],
      },
    ],
  });
  assert.equal(await total("SELECT count() FROM Account WHERE Name = 'Felled'"), 0);
});

test('a tree that is malformed, too deep or too large is refused', async () => {
  const many = (count: number) =>
    Array.from({ length: count }, (_, i) => record('Account', `r${i}`, { Name: 'Forest' }));
  const bodies: unknown[] = [
    undefined,
    [],
    ['text'],
    [{ Name: 'no attributes' }],
    [record('Contact', 'r', { LastName: 'wrong type' })],
    [record('Account', 'r', { Name: 'x', Branches: { records: [{}] } })],
    [...many(1), ...many(1)],
    many(201),
  ];
  for (const records of bodies) {
    const answer = await send('Account', records);
    assert.equal(answer.status, 400, answer.text);
    assert.ok((answer.json as { errorCode: string }[])[0]?.errorCode);
  }
  assert.equal((await send('Nothing', many(1))).status, 404);
  assert.equal((await send('Account', many(200))).status, 201);
});
