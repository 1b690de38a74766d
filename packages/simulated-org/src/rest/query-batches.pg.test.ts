import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startOrg } from '@lockstep/harness/org';

const org = await startOrg({ records: 100 });
after(() => org[Symbol.asyncDispose]());

interface Page {
  totalSize: number;
  done: boolean;
  nextRecordsUrl?: string;
  records: { Id: string }[];
}

const data = '/services/data/v62.0';
const pathOf = (soql: string) => `${data}/query?q=${encodeURIComponent(soql)}`;

/** Follows nextRecordsUrl to the end; `ask` sends each request, alone or in a composite. */
async function pagesOf(soql: string, ask: (path: string) => Promise<Page> = single): Promise<Page[]> {
  const pages = [await ask(pathOf(soql))];
  for (let next = pages[0]?.nextRecordsUrl; next; next = pages.at(-1)?.nextRecordsUrl)
    pages.push(await ask(next));
  return pages;
}

async function single(path: string): Promise<Page> {
  const answer = await org.request('GET', path);
  assert.equal(answer.status, 200, answer.text);
  return answer.json as Page;
}

async function inComposite(url: string): Promise<Page> {
  const compositeRequest = [{ method: 'GET', referenceId: 'page', url }];
  const answer = await org.request('POST', `${data}/composite`, { body: { compositeRequest } });
  const [part] = (answer.json as { compositeResponse: { body: Page; httpStatusCode: number }[] })
    .compositeResponse;
  assert.equal(part?.httpStatusCode, 200, answer.text);
  return part.body;
}

const sizesOf = (pages: Page[]) => pages.map(({ records }) => records.length);

/** Checks that each record comes once, and that all pages give the same total. */
function checkWhole(pages: Page[], total: number): void {
  const ids = pages.flatMap(({ records }) => records.map(({ Id }) => Id));
  assert.deepEqual([ids.length, new Set(ids).size], [total, total]);
  assert.ok(pages.every(({ totalSize }) => totalSize === total));
  assert.deepEqual(
    pages.map(({ done }) => done),
    pages.map((_, place) => place === pages.length - 1),
  );
}

const total = 2300;
await org.control('/sobjects/create', { name: 'Wide__c', nameNumber: 'W-', fields: [] });
await org.control('/records/generate', { sobject: 'Wide__c', count: total });
const described = await org.request('GET', `${data}/sobjects/User/describe`);
const userFields = (described.json as { fields: { name: string }[] }).fields.map(({ name }) => name);

/** The Id and further columns, of the records and of their parents. */
function columns(count: number): string {
  const parents = ['CreatedBy', 'LastModifiedBy', 'CreatedBy.Manager'];
  const paths = parents.flatMap((parent) => userFields.map((name) => `${parent}.${name}`));
  assert.ok(paths.length >= count - 1, `${paths.length} columns to choose from`);
  return ['Id', ...paths.slice(0, count - 1)].join(', ');
}

test('a query of many columns has fewer rows a page, alone and in a composite', async () => {
  for (const [count, sizes] of [
    [100, [2000, 300]],
    [101, [1000, 1000, 300]],
    [201, [500, 500, 500, 500, 300]],
  ] as const) {
    const soql = `SELECT ${columns(count)} FROM Wide__c`;
    const alone = await pagesOf(soql);
    assert.deepEqual(sizesOf(alone), sizes, `${count} columns`);
    checkWhole(alone, total);
    if (count !== 101) continue;
    const together = await pagesOf(soql, inComposite);
    assert.deepEqual(sizesOf(together), sizes);
    checkWhole(together, total);
    assert.match(alone[0]?.nextRecordsUrl ?? '', /-1000$/);
  }
});

test('two custom long text fields make pages of 200, one does not', async () => {
  for (const name of ['First__c', 'Second__c'])
    await org.control('/fields/create', {
      sobject: 'Wide__c',
      field: { name, type: 'textarea', length: 32_000 },
    });

  assert.deepEqual(sizesOf(await pagesOf('SELECT Id, First__c FROM Wide__c')), [2000, 300]);
  const pages = await pagesOf('SELECT Id, First__c, Second__c FROM Wide__c ORDER BY Id', inComposite);
  checkWhole(pages, total);
  assert.deepEqual(sizesOf(pages), [...Array<number>(11).fill(200), 100]);
});

test('pages are cut as the control API says: single ones, composites, next pages, and lists of Ids', async () => {
  const soql = 'SELECT Id FROM Wide__c ORDER BY Id';
  await org.control('/queries/cut', { sobject: 'wide__c', rows: [404, 1000, 1] });
  const expected = [404, 1000, 1, 404, 491];
  for (const ask of [single, inComposite]) {
    const pages = await pagesOf(soql, ask);
    checkWhole(pages, total);
    assert.deepEqual(sizesOf(pages), expected);
    // Setting the cut again starts with its first number.
    await org.control('/queries/cut', { sobject: 'Wide__c', rows: [404, 1000, 1] });
  }
  const all = await single(pathOf(soql).replace('/query?', '/queryAll?'));
  assert.equal(all.records.length, 404);

  await org.control('/queries/cut', { sobject: 'Wide__c', rows: [2] });
  const ids = all.records.slice(0, 5).map(({ Id }) => `'${Id}'`);
  const listed = await pagesOf(`SELECT Id FROM Wide__c WHERE Id IN (${ids.join(', ')})`);
  checkWhole(listed, 5);
  assert.deepEqual(sizesOf(listed), [2, 2, 1]);
  const limited = await pagesOf(`${soql} LIMIT 3`);
  checkWhole(limited, 3);
  assert.deepEqual(sizesOf(limited), [2, 1]);
  assert.equal((await single(pathOf('SELECT Id FROM Contact LIMIT 3'))).records.length, 3);
  await org.control('/queries/lift', {});
});

test('a cut ends after its number of uses or when it is lifted, and that of one object takes precedence over that of all', async () => {
  const sizes = async (sobject: string) => sizesOf(await pagesOf(`SELECT Id FROM ${sobject} LIMIT 4`));
  await org.control('/queries/cut', { rows: [3], times: 1 });
  await org.control('/queries/cut', { sobject: 'Contact', rows: [1], times: 2 });
  assert.deepEqual(await org.control('/queries/cuts'), {
    cuts: [
      { sobject: null, rows: [3], times: 1, used: 0 },
      { sobject: 'Contact', rows: [1], times: 2, used: 0 },
    ],
  });
  // Two by its own cut, then the one for all objects.
  assert.deepEqual(await sizes('Contact'), [1, 1, 2]);
  assert.deepEqual(await sizes('Account'), [4], 'the third page of contacts used it up');

  await org.control('/queries/cut', { rows: [1] });
  await org.control('/queries/cut', { sobject: 'Contact', rows: [2] });
  assert.equal((await single(pathOf('SELECT Id FROM Contact WHERE Id = null'))).records.length, 0);
  assert.equal((await single(pathOf('SELECT count() FROM Account'))).done, true);
  await org.control('/queries/lift', { sobject: 'Contact' });
  assert.deepEqual(await sizes('Contact'), [1, 1, 1, 1]);
  await org.control('/queries/lift', {});
  assert.deepEqual(await sizes('Contact'), [4]);
});
