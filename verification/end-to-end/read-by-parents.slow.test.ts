/** ContentDocumentLink, which joins files to records, and which Salesforce gives only for given files or records. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { type ClockHarness, dataPath, openClockHarness } from '@lockstep/harness/clock-harness';
import { startOrg } from '@lockstep/harness/org';

const org = await startOrg({ records: 300 });
after(() => org[Symbol.asyncDispose]());

const minuteMs = 60_000;
/** After this time a small table has been swept, and what was absent has been read again. */
const sweepMs = 66 * minuteMs;
const sobjects = ['ContentDocument', 'ContentDocumentLink', 'Account'];

const linksOf = (harness: ClockHarness, document: string) =>
  harness.mirror.query<{ id: string; entity: string }>(sql`
    SELECT id, linkedentityid AS entity FROM salesforce.contentdocumentlink WHERE contentdocumentid = ${document}`);

/** No query was refused, and no other object was delayed. */
async function expectUnrefused(harness: ClockHarness) {
  assert.deepEqual(await harness.mirror.query(sql`SELECT sobject, kind, code FROM _lockstep.problems`), []);
  assert.deepEqual(harness.holder.syncProblems, []);
  assert.doesNotMatch(harness.log.text(), /"msg":"query refused"/);
}

async function openCopied(options: { pageRows?: number } = {}): Promise<ClockHarness> {
  const harness = await openClockHarness({ org, sobjects, ...options });
  await harness.finishBackfill();
  return harness;
}

/** Creates a file with a link to the record besides the one to its owner; the Id of its document. */
async function addFile(harness: ClockHarness, account: string): Promise<string> {
  const values = {
    PathOnClient: 'paper.txt',
    VersionData: Buffer.from('hello').toString('base64'),
    FirstPublishLocationId: account,
  };
  const answer = await org.request('POST', `${dataPath}/sobjects/ContentVersion`, { body: values });
  const { id } = answer.json as { id: string };
  const version = await org.request('GET', `${dataPath}/sobjects/ContentVersion/${id}`);
  await harness.advance(1);
  return (version.json as { ContentDocumentId: string }).ContentDocumentId;
}

const linkTo = (document: string, entity: string) => ({
  create: 'ContentDocumentLink',
  values: { ContentDocumentId: document, LinkedEntityId: entity, ShareType: 'V' },
});

/** @param after  only those with a larger Id */
async function someAccounts(count: number, after?: string): Promise<string[]> {
  const where = after === undefined ? '' : `WHERE Id > '${after}' `;
  const soql = `SELECT Id FROM Account ${where}ORDER BY Id LIMIT ${count}`;
  const answer = await org.request('GET', `${dataPath}/query?q=${encodeURIComponent(soql)}`);
  return (answer.json as { records: { Id: string }[] }).records.map(({ Id }) => Id);
}

test('all links of files are copied without one refused query, and those of a new file come with it', async () => {
  await using harness = await openCopied();
  const [copied] = await harness.mirror.query<{ count: number }>(
    sql`SELECT count(*) AS count FROM salesforce.contentdocumentlink`,
  );
  assert.ok(copied && copied.count > 0);
  await harness.expectConverged();

  const [account = ''] = await someAccounts(1);
  const document = await addFile(harness, account);
  await harness.pass(3 * harness.intervalMs);
  const entities = (await linksOf(harness, document)).map(({ entity }) => entity);
  assert.equal(entities.length, 2, 'of its owner and of the record');
  assert.ok(entities.includes(account));
  await expectUnrefused(harness);
  await harness.settle();
  await harness.expectConvergedAndIdle();
});

test('a new link of an old file is found by the next pass, a removed one by the next sweep, and both at once by a flush', async () => {
  await using harness = await openCopied();
  const [first = '', second = '', third = ''] = await someAccounts(3);
  const document = await addFile(harness, first);
  await harness.pass(20 * minuteMs);
  const [link = ''] = await harness.write([linkTo(document, second)]);
  await harness.pass(20 * minuteMs);
  assert.ok((await linksOf(harness, document)).some(({ id }) => id === link));

  await harness.write([{ delete: link }]);
  await harness.pass(sweepMs);
  assert.ok(!(await linksOf(harness, document)).some(({ id }) => id === link));

  const [next = ''] = await harness.write([linkTo(document, third)]);
  const [own] = (await linksOf(harness, document)).filter(({ entity }) => entity === first);
  await harness.write([{ delete: own?.id ?? '' }]);
  const flushed = harness.holder.syncRequest('flush');
  assert.deepEqual((await harness.untilDone(flushed)).skipped, []);
  const ids = (await linksOf(harness, document)).map(({ id }) => id);
  assert.ok(ids.includes(next) && !ids.includes(own?.id ?? ''));
  await expectUnrefused(harness);
  await harness.settle();
  await harness.expectConvergedAndIdle();
});

test('a flush includes the links of a file that it has brought itself', async () => {
  await using harness = await openCopied();
  const [account = ''] = await someAccounts(1);
  const document = await addFile(harness, account);
  const flushed = harness.holder.syncRequest('flush');
  assert.deepEqual((await harness.untilDone(flushed)).skipped, []);
  assert.equal((await linksOf(harness, document)).length, 2);
  const again = harness.holder.syncRequest('flush', ['ContentDocumentLink']);
  assert.deepEqual((await harness.untilDone(again)).skipped, []);
});

test('a link that is created or deleted through the proxy is in the mirror, or gone, when the answer comes', async () => {
  await using harness = await openCopied();
  const [first = '', second = ''] = await someAccounts(2);
  const document = await addFile(harness, first);
  await harness.pass(3 * harness.intervalMs);
  const { values } = linkTo(document, second);
  const made = await harness.call('POST', `${dataPath}/sobjects/ContentDocumentLink`, values);
  assert.deepEqual([made.status, made.applied], [201, 'yes']);
  const { id } = made.json as { id: string };
  assert.ok((await linksOf(harness, document)).some((one) => one.id === id));

  const gone = await harness.call('DELETE', `${dataPath}/sobjects/ContentDocumentLink/${id}`);
  assert.deepEqual([gone.status, gone.applied], [204, 'yes']);
  assert.ok(!(await linksOf(harness, document)).some((one) => one.id === id));
  await harness.settle();
  await harness.expectConvergedAndIdle();
});

test('when a file is deleted through the proxy, its links leave the mirror', async () => {
  await using harness = await openCopied();
  const [account = ''] = await someAccounts(1);
  const document = await addFile(harness, account);
  await harness.pass(3 * harness.intervalMs);
  const gone = await harness.call('DELETE', `${dataPath}/sobjects/ContentDocument/${document}`);
  assert.deepEqual([gone.status, gone.applied], [204, 'yes']);
  await harness.pass(3 * harness.intervalMs);
  assert.deepEqual(await linksOf(harness, document), []);
  await harness.settle();
  await harness.expectConvergedAndIdle();
});

test('more than 2,000 links of one file are copied, found and lost by passes, even if their answers are cut', async () => {
  await org.control('/records/generate', { sobject: 'Account', count: 2_300 });
  const accounts = await someAccounts(2_000);
  accounts.push(...(await someAccounts(200, accounts.at(-1))));
  await using harness = await openClockHarness({ org, sobjects: ['ContentDocument', 'ContentDocumentLink'] });
  const [owner = '', ...others] = accounts;
  const document = await addFile(harness, owner);
  for (let from = 0; from < others.length; from += 500)
    await harness.write(others.slice(from, from + 500).map((id) => linkTo(document, id)));
  const linkCount = accounts.length + 1;
  assert.ok(linkCount > 2_100);
  await harness.finishBackfill();
  await harness.pass(10 * minuteMs);
  assert.equal((await linksOf(harness, document)).length, linkCount);

  await org.control('/queries/cut', { sobject: 'ContentDocumentLink', rows: [700, 350] });
  const gone = (await linksOf(harness, document)).slice(0, 3);
  await harness.write(gone.map(({ id }) => ({ delete: id })));
  const flushed = harness.holder.syncRequest('flush');
  assert.deepEqual((await harness.untilDone(flushed)).skipped, []);
  assert.equal((await linksOf(harness, document)).length, linkCount - 3);
  await org.control('/queries/lift', {});
  await expectUnrefused(harness);
  await harness.settle();
  await harness.expectConvergedAndIdle();
});

test('if Salesforce has given up the rest of an answer, its parent is asked for again', async () => {
  await using harness = await openCopied();
  await org.control('/queries/cut', { sobject: 'ContentDocumentLink', rows: [1] });
  await harness.inject({
    match: { path: '*/query/0r8*', inside: 'only' },
    effect: { answer: 'INVALID_QUERY_LOCATOR' },
  });
  const flushed = harness.holder.syncRequest('flush');
  const { skipped } = await harness.untilDone(flushed);
  assert.equal(skipped.length, 1, 'the flush says that its reading failed');
  await harness.pass(30 * minuteMs);
  await org.control('/queries/lift', {});
  await harness.settle();
  await harness.expectConvergedAndIdle();
});
