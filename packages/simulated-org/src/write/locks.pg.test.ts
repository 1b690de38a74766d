import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { ident, sql } from '@lockstep/foundation/sql';
import { startOrg } from '@lockstep/harness/org';

const org = await startOrg({ records: 300, lockTimeoutMs: 300 });
after(() => org[Symbol.asyncDispose]());

const data = '/services/data/v62.0';

const request = (method: string, path: string, body?: object) =>
  org.request(method, `${data}/${path}`, body ? { body } : {});

async function make(sobject: string, body: object): Promise<string> {
  const made = await request('POST', `sobjects/${sobject}`, body);
  assert.equal(made.status, 201, made.text);
  return (made.json as { id: string }).id;
}
const account = (Name: string) => make('Account', { Name });

async function fieldOf(sobject: string, id: string, field: string): Promise<unknown> {
  const read = await request('GET', `sobjects/${sobject}/${id}?fields=${field}`);
  assert.equal(read.status, 200, read.text);
  return (read.json as Record<string, unknown>)[field];
}

/** Another transaction locks the record while `work` runs. */
const whileLocked = <Result>(sobject: string, id: string, work: () => Promise<Result>): Promise<Result> =>
  org.db.transaction(async (tx) => {
    await tx.query(sql`SELECT FROM ${ident('org', sobject)} WHERE "Id" = ${id} FOR UPDATE`);
    return work();
  });

const message = (id: string) => `unable to obtain exclusive access to this record or 1 records: ${id}`;
const locked = (id: string) => ({ message: message(id), errorCode: 'UNABLE_TO_LOCK_ROW', fields: [] });
const lockedRow = (id: string) => ({ statusCode: 'UNABLE_TO_LOCK_ROW', message: message(id), fields: [] });

/** Makes lines details of their invoices. */
const [line] = await org.db.query<{ definition: { fields: { name: string }[] } }>(
  sql`SELECT definition FROM simulator.sobject WHERE name = 'Invoice_Line__c'`,
);
assert.ok(line);
const fields = line.definition.fields.map((field) =>
  field.name === 'Invoice__c' ? { ...field, cascadeDelete: true } : field,
);
await org.db.query(sql`
  UPDATE simulator.sobject SET definition = ${JSON.stringify({ ...line.definition, fields })}
   WHERE name = 'Invoice_Line__c'`);
await org.restart();

test('an update, a delete and an upsert of a locked record give up and name it', async () => {
  const id = await make('Account', { Name: 'Held', External_Id__c: 'LOCK-1' });
  await whileLocked('Account', id, async () => {
    for (const [method, path, body] of [
      ['PATCH', `sobjects/Account/${id}`, { Site: 'x' }],
      ['DELETE', `sobjects/Account/${id}`, undefined],
      ['PATCH', 'sobjects/Account/External_Id__c/LOCK-1', { Site: 'x' }],
    ] as const) {
      const answer = await request(method, path, body);
      assert.equal(answer.status, 400, answer.text);
      assert.deepEqual(answer.json, [locked(id)]);
    }
  });
  assert.equal(await fieldOf('Account', id, 'Site'), null);
});

test('in a composite only the subrequest for a locked record fails', async () => {
  const [held, free] = [await account('Held'), await account('Free')];
  const update = (referenceId: string, id: string) => ({
    method: 'PATCH',
    referenceId,
    url: `${data}/sobjects/Account/${id}`,
    body: { Site: referenceId },
  });
  const send = (allOrNone: boolean) =>
    request('POST', 'composite', { allOrNone, compositeRequest: [update('a', free), update('b', held)] });
  interface Composite {
    compositeResponse: { httpStatusCode: number; body: unknown }[];
  }

  const whole = await whileLocked('Account', held, () => send(true));
  assert.deepEqual(
    (whole.json as Composite).compositeResponse.map(({ httpStatusCode }) => httpStatusCode),
    [400, 400],
  );
  assert.equal(await fieldOf('Account', free, 'Site'), null);
  const each = await whileLocked('Account', held, () => send(false));
  const [first, second] = (each.json as Composite).compositeResponse;
  assert.equal(first?.httpStatusCode, 204);
  assert.deepEqual(second?.body, [locked(held)]);
});

test('in a collection only the locked record fails; with all or none, all of them do', async () => {
  const ids = [await account('One'), await account('Two'), await account('Three')];
  const held = ids[1] ?? '';
  const send = (allOrNone: boolean) =>
    request('PATCH', 'composite/sobjects', {
      allOrNone,
      records: ids.map((id) => ({ attributes: { type: 'Account' }, Id: id, Site: 'written' })),
    });
  type Results = { success: boolean; errors: { statusCode: string }[] }[];

  const whole = (await whileLocked('Account', held, () => send(true))).json as Results;
  assert.deepEqual(
    whole.map(({ errors }) => errors[0]?.statusCode),
    ['ALL_OR_NONE_OPERATION_ROLLED_BACK', 'UNABLE_TO_LOCK_ROW', 'ALL_OR_NONE_OPERATION_ROLLED_BACK'],
  );
  assert.equal(await fieldOf('Account', ids[0] ?? '', 'Site'), null);
  const each = (await whileLocked('Account', held, () => send(false))).json as Results;
  assert.deepEqual(
    each.map(({ success }) => success),
    [true, false, true],
  );
  assert.deepEqual(each[1]?.errors, [lockedRow(held)]);
});

test('a tree below a locked record is not created at all', async () => {
  const held = await account('Held');
  const person = (referenceId: string, more: object) => ({
    attributes: { type: 'Contact', referenceId },
    LastName: 'Of a locked tree',
    ...more,
  });
  const answer = await whileLocked('Account', held, () =>
    request('POST', 'composite/tree/Contact', {
      records: [person('free', {}), person('held', { AccountId: held })],
    }),
  );
  assert.equal(answer.status, 400);
  assert.deepEqual(answer.json, {
    hasErrors: true,
    results: [{ referenceId: 'held', errors: [lockedRow(held)] }],
  });
  const [row] = await org.db.query<{ count: number }>(
    sql`SELECT count(*) AS count FROM org."Contact" WHERE "LastName" = 'Of a locked tree'`,
  );
  assert.equal(row?.count, 0);
});

test('a locked record rolls back only its own graph', async () => {
  const held = await account('Held');
  const graph = (graphId: string, id: string) => ({
    graphId,
    compositeRequest: [
      { method: 'POST', referenceId: 'a', url: `${data}/sobjects/Account`, body: { Name: graphId } },
      { method: 'PATCH', referenceId: 'b', url: `${data}/sobjects/Account/${id}`, body: { Site: 'x' } },
    ],
  });
  const free = await account('Free');
  const answer = await whileLocked('Account', held, () =>
    request('POST', 'composite/graph', { graphs: [graph('one', held), graph('two', free)] }),
  );
  const { graphs } = answer.json as { graphs: { isSuccessful: boolean }[] };
  assert.deepEqual(
    graphs.map(({ isSuccessful }) => isSuccessful),
    [false, true],
  );
});

test('in a bulk job only the locked record fails', async () => {
  const [held, free] = [await account('Held'), await account('Free')];
  const made = await request('POST', 'jobs/ingest', {
    object: 'Account',
    operation: 'update',
    contentType: 'CSV',
  });
  const job = `jobs/ingest/${(made.json as { id: string }).id}`;
  await org.request('PUT', `${data}/${job}/batches`, {
    body: `Id,Site\n${free},bulk\n${held},bulk\n`,
    headers: { 'Content-Type': 'text/csv' },
  });
  await whileLocked('Account', held, async () => {
    await request('PATCH', job, { state: 'UploadComplete' });
    for (let state = ''; state !== 'JobComplete'; ) {
      ({ state } = (await request('GET', job)).json as { state: string });
      assert.ok(['UploadComplete', 'InProgress', 'JobComplete'].includes(state), state);
    }
  });
  const failed = await request('GET', `${job}/failedResults`);
  assert.match(failed.text, new RegExp(`UNABLE_TO_LOCK_ROW:${message(held)}:--`));
  assert.equal(await fieldOf('Account', free, 'Site'), 'bulk');
});

test('a cascading delete that meets a locked detail deletes nothing', async () => {
  const invoice = await make('Invoice__c', {});
  const lineOf = () => make('Invoice_Line__c', { Invoice__c: invoice, Quantity__c: 1, Unit_Price__c: 5 });
  const [first, second] = [await lineOf(), await lineOf()];
  const answer = await whileLocked('Invoice_Line__c', second, () =>
    request('DELETE', `sobjects/Invoice__c/${invoice}`),
  );
  assert.equal(answer.status, 400, answer.text);
  assert.deepEqual(answer.json, [locked(second)]);
  assert.equal(await fieldOf('Invoice_Line__c', first, 'Invoice__c'), invoice);
  assert.equal(await fieldOf('Invoice__c', invoice, 'Total__c'), 10);
});

test('a deletion that cannot empty a lookup to the record deletes nothing and names the record with the lookup', async () => {
  const parent = await account('Parent');
  const child = await make('Account', { Name: 'Child', ParentId: parent });
  const answer = await whileLocked('Account', child, () => request('DELETE', `sobjects/Account/${parent}`));
  assert.equal(answer.status, 400, answer.text);
  assert.deepEqual(answer.json, [locked(child)]);
  assert.equal(await fieldOf('Account', child, 'ParentId'), parent);
});

test("a detail whose master is locked is not written, because the master's roll-up could not be", async () => {
  const invoice = await make('Invoice__c', {});
  const detail = await make('Invoice_Line__c', { Invoice__c: invoice, Quantity__c: 1, Unit_Price__c: 5 });
  await whileLocked('Invoice__c', invoice, async () => {
    const created = await request('POST', 'sobjects/Invoice_Line__c', {
      Invoice__c: invoice,
      Quantity__c: 1,
      Unit_Price__c: 1,
    });
    assert.deepEqual(created.json, [locked(invoice)]);
    const changed = await request('PATCH', `sobjects/Invoice_Line__c/${detail}`, { Quantity__c: 2 });
    assert.equal(changed.status, 400, changed.text);
    assert.deepEqual(changed.json, [locked(invoice)]);
  });
  assert.equal(await fieldOf('Invoice_Line__c', detail, 'Quantity__c'), 1);
  assert.equal(await fieldOf('Invoice__c', invoice, 'Total__c'), 5);
});

const disturb = async (name: string, body: object) =>
  (await org.control<{ results: { success: boolean; errors: object[] }[] }>(`/records/${name}`, body))
    .results;

test('a merge that meets a locked record changes none of them', async () => {
  const [winnerId, loser] = [await account('Winner'), await account('Loser')];
  const contact = await make('Contact', { LastName: 'x', AccountId: loser });
  const [result] = await whileLocked('Account', loser, () =>
    disturb('merge', { winnerId, loserIds: [loser], values: { Site: 'merged' } }),
  );
  assert.deepEqual(result?.errors, [lockedRow(loser)]);
  assert.equal(await fieldOf('Account', winnerId, 'Site'), null);
  assert.equal(await fieldOf('Contact', contact, 'AccountId'), loser);
});

test('an undelete that meets a locked record restores nothing', async () => {
  const invoice = await make('Invoice__c', {});
  const detail = await make('Invoice_Line__c', { Invoice__c: invoice, Quantity__c: 1, Unit_Price__c: 5 });
  await request('DELETE', `sobjects/Invoice__c/${invoice}`);
  const [result] = await whileLocked('Invoice_Line__c', detail, () =>
    disturb('undelete', { ids: [invoice] }),
  );
  assert.deepEqual(result?.errors, [lockedRow(detail)]);
  assert.equal((await request('GET', `sobjects/Invoice__c/${invoice}`)).status, 404);
  assert.equal((await disturb('undelete', { ids: [invoice] }))[0]?.success, true);
  assert.equal(await fieldOf('Invoice_Line__c', detail, 'Invoice__c'), invoice);
});
