import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { ident, sql } from '@lockstep/foundation/sql';
import { startOrg } from '@lockstep/harness/org';

/** Writers that wait for each other, with enough time to get their locks. */
const org = await startOrg({ records: 300, lockTimeoutMs: 20_000 });
after(() => org[Symbol.asyncDispose]());

const data = '/services/data/v62.0';

const request = (method: string, path: string, body?: object) =>
  org.request(method, `${data}/${path}`, body ? { body } : {});

async function make(sobject: string, body: object): Promise<string> {
  const made = await request('POST', `sobjects/${sobject}`, body);
  assert.equal(made.status, 201, made.text);
  return (made.json as { id: string }).id;
}

async function fieldOf(sobject: string, id: string, field: string): Promise<unknown> {
  const read = await request('GET', `sobjects/${sobject}/${id}?fields=${field}`);
  assert.equal(read.status, 200, read.text);
  return (read.json as Record<string, unknown>)[field];
}

const lock = (sobject: string, id: string) =>
  sql`SELECT FROM ${ident('org', sobject)} WHERE "Id" = ${id} FOR UPDATE`;

/** Resolves when a writer of the org waits for a lock. */
async function someoneWaits(): Promise<void> {
  for (;;) {
    const rows = await org.db.query(sql`
      SELECT FROM pg_stat_activity
       WHERE wait_event_type = 'Lock' AND datname = current_database() AND pid <> pg_backend_pid()`);
    if (rows.length > 0) return;
  }
}

test("the second writer waits and then writes on top of the first one's changes", async () => {
  const id = await make('Account', { Name: 'Waited for' });
  const second = await org.db.transaction(async (tx) => {
    await tx.query(lock('Account', id));
    const answer = request('PATCH', `sobjects/Account/${id}`, { Site: 'second' });
    await someoneWaits();
    await tx.query(sql`UPDATE org."Account" SET "Sic" = 'first' WHERE "Id" = ${id}`);
    return { answer };
  });
  assert.equal((await second.answer).status, 204);
  assert.deepEqual(
    [await fieldOf('Account', id, 'Sic'), await fieldOf('Account', id, 'Site')],
    ['first', 'second'],
  );
});

test('a new reference to a record that is being deleted is refused once it is gone', async () => {
  const id = await make('Account', { Name: 'Going' });
  const child = await org.db.transaction(async (tx) => {
    await tx.query(lock('Account', id));
    await tx.query(sql`UPDATE org."Account" SET "IsDeleted" = true WHERE "Id" = ${id}`);
    const answer = request('POST', 'sobjects/Contact', { LastName: 'Late', AccountId: id });
    await someoneWaits();
    return { answer };
  });
  const answer = await child.answer;
  assert.equal(answer.status, 400, answer.text);
  assert.equal((answer.json as { errorCode: string }[])[0]?.errorCode, 'INVALID_CROSS_REFERENCE_KEY');
});

test('a write waits for a transaction that is about to store the same unique value, and is then a duplicate', async () => {
  const id = await make('Account', { Name: 'First' });
  const second = await org.db.transaction(async (tx) => {
    await tx.query(sql`UPDATE org."Account" SET "External_Id__c" = 'WAIT-1' WHERE "Id" = ${id}`);
    const answer = request('POST', 'sobjects/Account', { Name: 'Second', External_Id__c: 'wait-1' });
    await someoneWaits();
    return { answer };
  });
  const answer = await second.answer;
  assert.equal(answer.status, 400, answer.text);
  assert.equal((answer.json as { errorCode: string }[])[0]?.errorCode, 'DUPLICATE_VALUE');
});

test('concurrent details of one master are written one after the other, and all are rolled up', async () => {
  const invoice = await make('Invoice__c', {});
  const answers = await Promise.all(
    Array.from({ length: 12 }, () =>
      request('POST', 'sobjects/Invoice_Line__c', {
        Invoice__c: invoice,
        Quantity__c: 1,
        Unit_Price__c: 2,
      }),
    ),
  );
  assert.deepEqual([...new Set(answers.map(({ status }) => status))], [201]);
  assert.equal(await fieldOf('Invoice__c', invoice, 'Total__c'), 24);
});

const both = (ids: readonly string[], Site: string) =>
  request('POST', 'composite', {
    allOrNone: true,
    compositeRequest: ids.map((id, i) => ({
      method: 'PATCH',
      referenceId: `r${i}`,
      url: `${data}/sobjects/Account/${id}`,
      body: { Site },
    })),
  });

test('of two deadlocked writers one gives up, and nothing of it is stored', async () => {
  const [a, b] = [await make('Account', { Name: 'A' }), await make('Account', { Name: 'B' })];
  const given = await org.db.transaction(async (tx) => {
    // The other side of the deadlock never checks for one itself, so it is the org that gives up.
    await tx.query(sql`SET LOCAL deadlock_timeout = '10min'`);
    await tx.query(lock('Account', b));
    const answer = both([a, b], 'crossed');
    await someoneWaits();
    await tx.query(lock('Account', a));
    return answer;
  });
  const { compositeResponse } = given.json as {
    compositeResponse: { httpStatusCode: number; body: { errorCode: string; message: string }[] }[];
  };
  assert.deepEqual(
    compositeResponse.map(({ body }) => body[0]?.errorCode),
    ['PROCESSING_HALTED', 'UNABLE_TO_LOCK_ROW'],
  );
  assert.match(compositeResponse[1]?.body[0]?.message ?? '', new RegExp(`or 1 records: ${b}$`));
  assert.equal(await fieldOf('Account', a, 'Site'), null);
});

test('writers that lock two records in opposite orders leave both as one of them wrote them', async () => {
  const [a, b] = [await make('Account', { Name: 'A' }), await make('Account', { Name: 'B' })];
  const answers = await Promise.all(
    Array.from({ length: 6 }, (_, i) => both(i % 2 === 0 ? [a, b] : [b, a], `writer ${i}`)),
  );
  for (const answer of answers) {
    assert.equal(answer.status, 200, answer.text);
    const { compositeResponse } = answer.json as { compositeResponse: { httpStatusCode: number }[] };
    assert.equal(new Set(compositeResponse.map(({ httpStatusCode }) => httpStatusCode)).size, 1);
  }
  assert.equal(await fieldOf('Account', a, 'Site'), await fieldOf('Account', b, 'Site'));
});
