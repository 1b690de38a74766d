import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startOrg } from '@lockstep/harness/org';

const org = await startOrg({ records: 100 });
after(() => org[Symbol.asyncDispose]());

type Row = Record<string, unknown> & { Id: string };

const data = '/services/data/v62.0';
const query = (soql: string) => org.request('GET', `${data}/query?q=${encodeURIComponent(soql)}`);
const found = async (soql: string): Promise<Row[]> => {
  const answer = await query(soql);
  assert.equal(answer.status, 200, answer.text);
  return (answer.json as { records: Row[] }).records;
};
const refusal = async (soql: string) => {
  const answer = await query(soql);
  const [error] = answer.json as { errorCode: string; message: string }[];
  return [answer.status, error?.errorCode, error?.message];
};
const bigRefusal = (message: string) => [400, 'BIG_OBJECT_UNSUPPORTED_OPERATION', message];
const gaps = bigRefusal('Filters may not have any gaps within the composite key');

const emptyId = '000000000000000AAA';

test("the list of objects and an object's describe agree on whether its records can be read by Id", async () => {
  const { sobjects } = (await org.request('GET', `${data}/sobjects`)).json as {
    sobjects: { name: string; retrieveable: boolean }[];
  };
  const closed = sobjects.filter(({ retrieveable }) => !retrieveable).map(({ name }) => name);
  assert.deepEqual(closed, [
    'ApexPageInfo',
    'EntityDefinition',
    'FieldDefinition',
    'FlowTestView',
    'LoginEvent',
    'Name',
    'UserPermissionAccess',
  ]);
  for (const name of [...closed, 'ActivityFieldHistory', 'Region__mdt', 'Account']) {
    const described = await org.request('GET', `${data}/sobjects/${name}/describe`);
    assert.equal((described.json as { retrieveable: boolean }).retrieveable, !closed.includes(name), name);
  }
});

test('all rows of a view share one Id that reads none of them, and its pages still have each row once', async () => {
  await org.control('/queries/cut', { sobject: 'ApexPageInfo', rows: [4] });
  const first = (await query('SELECT Id, DurableId FROM ApexPageInfo ORDER BY Id')).json as {
    totalSize: number;
    nextRecordsUrl: string;
    records: Row[];
  };
  const second = (await org.request('GET', first.nextRecordsUrl)).json as { records: Row[] };
  const rows = [...first.records, ...second.records];
  assert.equal(rows.length, first.totalSize);
  assert.ok(rows.every(({ Id }) => Id === emptyId));
  assert.equal(new Set(rows.map(({ DurableId }) => DurableId)).size, rows.length);

  const path = `${data}/sobjects/ApexPageInfo/${emptyId}`;
  for (const answer of [
    await org.request('GET', path),
    await org.request('GET', `${data}/composite/sobjects/ApexPageInfo?ids=${emptyId}&fields=Name`),
  ]) {
    assert.equal(answer.status, 400);
    assert.match(answer.text, /INVALID_TYPE_FOR_OPERATION/);
  }
  assert.equal((await found(`SELECT Id FROM ApexPageInfo WHERE Id > '${emptyId}'`)).length, 0);
});

test('flow tests can only be queried for one flow or by their own name', async () => {
  const expected = [
    400,
    'MALFORMED_QUERY',
    'FlowTestView: a filter on a reified column is required [FlowDefinitionViewId,DurableId]',
  ];
  for (const where of ['', "WHERE FlowTestLabel = 'x'", `WHERE Id > '${emptyId}'`, 'WHERE DurableId != null'])
    assert.deepEqual(await refusal(`SELECT Id FROM FlowTestView ${where} ORDER BY Id`), expected, where);
  const tests = await found("SELECT Id, DurableId FROM FlowTestView WHERE FlowDefinitionViewId = 'Flow_1'");
  assert.deepEqual(
    tests.map(({ Id, DurableId }) => [Id, DurableId]),
    [
      [emptyId, 'Flow_Test_2'],
      [emptyId, 'Flow_Test_3'],
    ],
  );
});

test('logins are read in full, or by date and identifier of the event, latest first', async () => {
  const logins = 'SELECT Id, EventDate, EventIdentifier, Username FROM LoginEvent';
  assert.equal((await found(logins)).length, 40);
  const ordered = await found(`${logins} ORDER BY EventDate DESC`);
  const dates = ordered.map(({ EventDate }) => String(EventDate));
  assert.deepEqual(dates, dates.toSorted().toReversed());
  const [, , third] = ordered;
  const date = String(third?.EventDate).replace('+0000', 'Z');
  assert.equal((await found(`${logins} WHERE EventDate > ${date}`)).length, 2);
  assert.equal((await found(`${logins} WHERE EventDate >= ${date} AND EventDate < TODAY`)).length, 3);
  assert.deepEqual(
    await found(
      `${logins} WHERE EventDate = ${date} AND EventIdentifier = '${String(third?.EventIdentifier)}'`,
    ),
    [third],
  );
  assert.ok(ordered.every(({ Id }) => Id === emptyId));

  assert.deepEqual(await refusal(`${logins} WHERE Id > '${emptyId}'`), gaps);
  assert.deepEqual(await refusal(`${logins} ORDER BY Id`), gaps);
  assert.deepEqual(await refusal(`${logins} WHERE EventIdentifier = 'x'`), gaps);
  assert.deepEqual(
    await refusal(`${logins} ORDER BY EventDate`),
    bigRefusal('Unsupported order direction on filter column: EVENTDATE : ASCENDING'),
  );
  for (const soql of ['SELECT COUNT() FROM LoginEvent', 'SELECT COUNT(Id) FROM LoginEvent'])
    assert.deepEqual(await refusal(soql), bigRefusal('Aggregate functions not supported'));
  for (const where of [
    `EventDate <= ${date} AND EventIdentifier = 'x'`,
    "EventDate = TODAY AND EventIdentifier = 'x'",
    `EventDate != ${date}`,
    `EventDate > ${date} OR EventDate = ${date}`,
    `NOT EventDate = ${date}`,
  ]) {
    const [status, code] = await refusal(`${logins} WHERE ${where}`);
    assert.deepEqual([status, code], [400, 'BIG_OBJECT_UNSUPPORTED_OPERATION'], where);
  }
  const [, code, message] = await refusal(`${logins} WHERE Username = 'x'`);
  assert.equal(code, 'INVALID_FIELD');
  assert.match(String(message), /field 'Username' can not be filtered in a query call$/);
});

test('the history of activities has a stamp that no query can filter by', async () => {
  const history = 'SELECT Id, ActivityId, SystemModstamp FROM ActivityFieldHistory';
  const all = await found(history);
  assert.equal(new Set(all.map(({ Id }) => Id)).size, 20);
  const read = await org.request('GET', `${data}/sobjects/ActivityFieldHistory/${all[0]?.Id}`);
  assert.equal(read.status, 200);

  const [status, code, message] = await refusal(`${history} WHERE SystemModstamp >= 2017-01-01T00:00:00Z`);
  assert.deepEqual([status, code], [400, 'INVALID_FIELD']);
  assert.match(String(message), /\nfield 'SystemModstamp' can not be filtered in a query call$/);
  assert.deepEqual(await refusal(`${history} WHERE ChangedDate >= 2017-01-01T00:00:00Z`), gaps);
  const ofOne = await found(
    `${history} WHERE ActivityId = '${String(all[0]?.ActivityId)}' ORDER BY ActivityId`,
  );
  assert.deepEqual(
    ofOne,
    all.filter(({ ActivityId }) => ActivityId === all[0]?.ActivityId),
  );
});
