import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { startOrg } from '@lockstep/harness/org';

const org = await startOrg({ records: 200, lockTimeoutMs: 200 });
after(() => org[Symbol.asyncDispose]());

const data = '/services/data/v62.0';
const path = `${data}/composite/sobjects`;

interface Result {
  id?: string;
  success: boolean;
  errors: { statusCode: string; message: string; fields: string[] }[];
  created?: boolean;
}

const account = (more: object) => ({ attributes: { type: 'Account' }, ...more });
const contact = (more: object) => ({ attributes: { type: 'Contact' }, ...more });

async function send(method: string, url: string, body?: object): Promise<Result[]> {
  const answer = await org.request(method, url, body && { body });
  assert.equal(answer.status, 200, answer.text);
  return answer.json as Result[];
}

const codes = (results: readonly Result[]) => results.map(({ errors }) => errors[0]?.statusCode ?? 'ok');

async function countOf(soql: string): Promise<number> {
  const answer = await org.request('GET', `${data}/query?q=${encodeURIComponent(soql)}`);
  return (answer.json as { totalSize: number }).totalSize;
}

async function create(...records: object[]): Promise<string[]> {
  const results = await send('POST', path, { records });
  return results.map(({ id }) => id ?? assert.fail('a record was not created'));
}

test('a collection of several types is created in the order of the request', async () => {
  const results = await send('POST', path, {
    records: [account({ Name: 'One' }), contact({ LastName: 'Two' }), account({ Name: 'Three' })],
  });

  assert.deepEqual(
    results.map(({ id, ...rest }) => [id?.slice(0, 3), rest]),
    ['001', '003', '001'].map((prefix) => [prefix, { success: true, errors: [] }]),
  );
});

test('a record that fails leaves the others written and says why by statusCode', async () => {
  const results = await send('POST', path, {
    allOrNone: false,
    records: [account({ Name: 'Partial' }), contact({ FirstName: 'nameless' }), account({ Name: 'Partial' })],
  });

  assert.equal(await countOf("SELECT count() FROM Account WHERE Name = 'Partial'"), 2);
  assert.deepEqual(results[1], {
    success: false,
    errors: [
      {
        statusCode: 'REQUIRED_FIELD_MISSING',
        message: 'Required fields are missing: [LastName]',
        fields: ['LastName'],
      },
    ],
  });
  assert.deepEqual(codes(results), ['ok', 'REQUIRED_FIELD_MISSING', 'ok']);
});

test('all or none rolls back every record when one fails', async () => {
  const results = await send('POST', path, {
    allOrNone: true,
    records: [account({ Name: 'Never' }), contact({ FirstName: 'nameless' }), account({ Name: 'Never' })],
  });

  const rolledBack = 'ALL_OR_NONE_OPERATION_ROLLED_BACK';
  assert.deepEqual(codes(results), [rolledBack, 'REQUIRED_FIELD_MISSING', rolledBack]);
  assert.ok(results.every(({ success, id }) => !success && id === undefined));
  assert.equal(await countOf("SELECT count() FROM Account WHERE Name = 'Never'"), 0);
});

test('a value that only the database refuses fails only its record', async () => {
  const results = await send('POST', path, {
    records: [
      account({ Name: 'a', External_Id__c: 'COLLECTED' }),
      account({ Name: 'b', External_Id__c: 'collected' }),
      account({ Name: 'c', ParentId: 'nonsense' }),
      account({ Name: 'd' }),
    ],
  });
  assert.deepEqual(codes(results), ['ok', 'DUPLICATE_VALUE', 'MALFORMED_ID', 'ok']);
});

test('an update finds its records by id, whatever the type', async () => {
  const [first = '', second = ''] = await create(account({ Name: 'a' }), contact({ LastName: 'b' }));

  const results = await send('PATCH', path, {
    records: [
      account({ Id: first, Site: 'North' }),
      contact({ id: second, Title: 'Head' }),
      account({ Name: 'no id' }),
      account({ id: second, Name: 'wrong type' }),
      account({ id: '001Hp00000zzzzzIAA', Name: 'unknown' }),
    ],
  });

  assert.deepEqual(codes(results), [
    'ok',
    'ok',
    'MISSING_ARGUMENT',
    'MALFORMED_ID',
    'INVALID_CROSS_REFERENCE_KEY',
  ]);
  assert.equal(results[0]?.id, first);
  assert.equal(await countOf(`SELECT count() FROM Contact WHERE Id = '${second}' AND Title = 'Head'`), 1);
});

test('a record locked by another transaction fails alone after the lock time-out', async () => {
  const [held = '', free = ''] = await create(account({ Name: 'Held' }), account({ Name: 'Free' }));
  await org.db.transaction(async (tx) => {
    await tx.query(sql`SELECT FROM org."Account" WHERE "Id" = ${held} FOR UPDATE`);

    const results = await send('PATCH', path, {
      records: [account({ Id: held, Site: 'x' }), account({ Id: free, Site: 'x' })],
    });

    assert.deepEqual(codes(results), ['UNABLE_TO_LOCK_ROW', 'ok']);
  });
});

test('collections that lock the same records in different orders all finish, with a result for each record', async () => {
  const ids = await create(...Array.from({ length: 20 }, (_, i) => account({ Name: `Crossed ${i}` })));
  const update = (order: readonly string[]) =>
    send('PATCH', path, { records: order.map((Id) => account({ Id, Site: 'crossed' })) });

  const all = (await Promise.all([update(ids), update(ids.toReversed())])).flat();

  assert.ok(all.every(({ success, errors }) => success || errors[0]?.statusCode === 'UNABLE_TO_LOCK_ROW'));
  assert.equal(await countOf("SELECT count() FROM Account WHERE Site = 'crossed'"), 20);
});

test('an upsert says of each record whether it was created', async () => {
  const url = `${path}/Account/External_Id__c`;
  await create(account({ Name: 'Known', External_Id__c: 'UPS-1' }));

  const results = await send('PATCH', url, {
    records: [
      account({ External_Id__c: 'ups-1', Name: 'Renamed' }),
      account({ External_Id__c: 'UPS-2', Name: 'New' }),
      account({ External_Id__c: 'UPS-2', Name: 'Twice' }),
      account({ Name: 'without a value' }),
    ],
  });

  assert.deepEqual(codes(results), ['ok', 'ok', 'DUPLICATE_VALUE', 'MISSING_ARGUMENT']);
  assert.deepEqual(
    results.map(({ created }) => created),
    [false, true, false, false],
  );
  assert.equal(await countOf("SELECT count() FROM Account WHERE Name = 'Renamed'"), 1);
});

test('an upsert by Id creates the records without an Id', async () => {
  const [known = ''] = await create(account({ Name: 'Known' }));

  const results = await send('PATCH', `${path}/Account/Id`, {
    records: [account({ Id: known, Name: 'Same' }), account({ Id: null, Name: 'Fresh' })],
  });

  assert.deepEqual(
    results.map(({ id, created }) => [id === known, created]),
    [
      [true, false],
      [false, true],
    ],
  );
});

test('an upsert that is rolled back reports every record as created', async () => {
  const results = await send('PATCH', `${path}/Account/Id`, {
    allOrNone: true,
    records: [account({ Name: 'a', OwnerId: 'bad' }), account({ Name: 'Gone again' })],
  });

  assert.deepEqual(codes(results), ['MALFORMED_ID', 'ALL_OR_NONE_OPERATION_ROLLED_BACK']);
  assert.ok(results.every(({ created, success }) => created === true && !success));
  assert.equal(await countOf("SELECT count() FROM Account WHERE Name = 'Gone again'"), 0);
});

test('an upsert by a value that several records have names them', async () => {
  await create(
    contact({ LastName: 'a', Legacy_Number__c: 'MANY' }),
    contact({ LastName: 'b', Legacy_Number__c: 'MANY' }),
  );
  const results = await send('PATCH', `${path}/Contact/Legacy_Number__c`, {
    records: [contact({ LastName: 'c', Legacy_Number__c: 'MANY' })],
  });
  assert.deepEqual(codes(results), ['DUPLICATE_EXTERNAL_ID']);
});

test('a delete takes Ids of several types, and each succeeds or fails by itself', async () => {
  const [first = '', second = ''] = await create(account({ Name: 'x' }), contact({ LastName: 'y' }));

  const results = await send('DELETE', `${path}?ids=${first},nonsense,${second},${first}&allOrNone=false`);

  assert.deepEqual(codes(results), ['ok', 'MALFORMED_ID', 'ok', 'ENTITY_IS_DELETED']);
  assert.equal(results[2]?.id, second);
});

test('a delete with allOrNone=true keeps all records when one cannot be deleted', async () => {
  const [id = ''] = await create(account({ Name: 'Stays' }));
  const user = org.orgId.replace('00D', '005');

  const results = await send('DELETE', `${path}?ids=${id},${user}&allOrNone=true`);

  assert.equal(codes(results)[0], 'ALL_OR_NONE_OPERATION_ROLLED_BACK');
  assert.equal(await countOf(`SELECT count() FROM Account WHERE Id = '${id}'`), 1);
});

test('a retrieve answers in the order of the Ids, with null for records that do not exist', async () => {
  const [first = '', second = '', gone = ''] = await create(
    account({ Name: 'First' }),
    account({ Name: 'Second' }),
    account({ Name: 'Gone' }),
  );
  await send('DELETE', `${path}?ids=${gone}`);
  const ids = [second, gone, '001Hp00000zzzzzIAA', first];

  const byGet = await org.request('GET', `${path}/Account?ids=${ids.join()}&fields=Name`);
  const byPost = await org.request('POST', `${path}/Account`, { body: { ids, fields: ['Name'] } });

  const record = (id: string, Name: string) => ({
    attributes: { type: 'Account', url: `${data}/sobjects/Account/${id}` },
    Name,
    Id: id,
  });
  assert.deepEqual(byGet.json, [record(second, 'Second'), null, null, record(first, 'First')]);
  assert.deepEqual(byPost.json, byGet.json);
});

test('a collection inside a composite counts as one of its five queries', async () => {
  const one = (i: number) => ({
    method: 'POST',
    url: path,
    referenceId: `r${i}`,
    body: { records: [account({ Name: `Inside ${i}` })] },
  });
  const six = Array.from({ length: 6 }, (_, i) => one(i));

  const refusedAnswer = await org.request('POST', `${data}/composite`, { body: { compositeRequest: six } });
  const answer = await org.request('POST', `${data}/composite`, {
    body: {
      allOrNone: true,
      compositeRequest: [
        one(1),
        { method: 'GET', url: `${data}/sobjects/Account/@{r1[0].id}?fields=Name`, referenceId: 'read' },
      ],
    },
  });

  assert.equal(refusedAnswer.status, 400);
  const [, read] = (answer.json as { compositeResponse: { body: { Name: string } }[] }).compositeResponse;
  assert.equal(read?.body.Name, 'Inside 1');
});

test('one failed record of a collection rolls back an all-or-none composite, whatever the collection says', async () => {
  const body = {
    allOrNone: true,
    compositeRequest: [
      { method: 'POST', url: `${data}/sobjects/Account`, referenceId: 'a', body: { Name: 'Outer' } },
      {
        method: 'POST',
        url: path,
        referenceId: 'c',
        body: { allOrNone: false, records: [account({ Name: 'Outer' }), contact({ FirstName: 'nameless' })] },
      },
    ],
  };

  const all = await org.request('POST', `${data}/composite`, { body });
  const answers = (all.json as { compositeResponse: { body: unknown }[] }).compositeResponse;
  const [halted, collection] = answers.map((part) => part.body);
  assert.equal((halted as { errorCode: string }[])[0]?.errorCode, 'PROCESSING_HALTED');
  assert.deepEqual(codes(collection as Result[]), [
    'ALL_OR_NONE_OPERATION_ROLLED_BACK',
    'REQUIRED_FIELD_MISSING',
  ]);
  assert.equal(await countOf("SELECT count() FROM Account WHERE Name = 'Outer'"), 0);

  await org.request('POST', `${data}/composite`, { body: { ...body, allOrNone: false } });
  assert.equal(await countOf("SELECT count() FROM Account WHERE Name = 'Outer'"), 2);
});

test('a malformed collection is refused as a whole', async () => {
  const mixed = Array.from({ length: 11 }, (_, i) =>
    i % 2 ? account({ Name: 'Chunk' }) : contact({ LastName: 'Chunk' }),
  );
  const bodies = [
    {},
    { records: [] },
    { records: 'none' },
    { records: [{ Name: 'no type' }] },
    { records: [{ attributes: { type: 'Nothing' }, Name: 'x' }] },
    { records: Array.from({ length: 201 }, () => account({ Name: 'Chunk' })) },
    { records: mixed },
    { records: [account({ Name: 'Chunk' }), account({ Name: 'x', Nme: 'x' })] },
    { records: [account({ Name: 'Chunk' }), account({ Name: 5 })] },
  ];
  for (const body of bodies) {
    const answer = await org.request('POST', path, { body });
    assert.equal(answer.status, 400, answer.text);
    assert.ok((answer.json as { errorCode?: string }[])[0]?.errorCode);
  }
  assert.equal(await countOf("SELECT count() FROM Account WHERE Name = 'Chunk'"), 0);
  for (const [method, url] of [
    ['GET', path],
    ['DELETE', `${path}/Account`],
    ['POST', `${path}/Account/External_Id__c`],
  ] as const) {
    assert.equal((await org.request(method, url)).status, 405);
  }
  assert.equal((await org.request('DELETE', path)).status, 400);
});

test('200 records are created in one request', async () => {
  const results = await send('POST', path, {
    records: Array.from({ length: 200 }, (_, i) => contact({ LastName: `Bulky ${i}` })),
  });
  assert.equal(results.filter(({ success }) => success).length, 200);
});
