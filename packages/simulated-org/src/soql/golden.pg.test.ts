import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { ManualClock } from '@lockstep/foundation/clock';
import { withSeeds } from '@lockstep/harness/property';
import { openBulkHarness } from '../bulk/test-harness.ts';
import { sobjects as all } from '../objects/index.ts';
import { GrammarTexts, takesAnyQuery } from './sample-grammar.ts';

/** TEST_QUERIES=20000 TEST_SEED=501 generates more queries, and others. */
const queries = Number(process.env.TEST_QUERIES ?? 500);

/** An org created at this time has the same records on every machine. */
const org = await openBulkHarness(600, new ManualClock(Date.UTC(2026, 0, 15, 12)));
after(() => org[Symbol.asyncDispose]());

interface Page {
  nextRecordsUrl?: string;
  records: object[];
}

async function ask(soql: string, resource = 'query'): Promise<object[]> {
  const records: object[] = [];
  const path = `/services/data/v62.0/${resource}`;
  for (let next: string | undefined = `${path}?q=${encodeURIComponent(soql)}`; next; ) {
    const answer = await org.request('GET', next);
    assert.equal(answer.status, 200, `${answer.text}\n${soql}`);
    const page = answer.json as Page;
    records.push(...page.records);
    next = page.nextRecordsUrl;
  }
  return records;
}

/** Adds text that is hard to quote, compare or order, and deletes records. */
async function disturb(): Promise<void> {
  const path = '/services/data/v62.0/sobjects';
  const names = [
    "O'Neil",
    "o'neil",
    '100%',
    '100 percent',
    'a_b',
    'axb',
    'back\\slash',
    'ÉCOLE',
    'école',
    'two\nlines',
    '😀',
    'Ä "q"',
  ];
  for (const Name of names) {
    const made = await org.request('POST', `${path}/Account`, {
      body: { Name, Site: Name, AnnualRevenue: -0.5 },
    });
    assert.equal(made.status, 201, made.text);
  }
  for (const sobject of ['Account', 'Contact', 'Invoice__c', 'Invoice_Line__c', 'Opportunity']) {
    for (const { Id } of (await ask(`SELECT Id FROM ${sobject} ORDER BY Id LIMIT 30`)) as { Id: string }[]) {
      const gone = await org.request('DELETE', `${path}/${sobject}/${Id}`);
      // An account that has cases or contracts cannot be deleted.
      assert.ok(gone.status === 204 || gone.text.includes('DELETE_FAILED'), gone.text);
    }
  }
}

/** Sobjects that can be read in full. Not those with archived records, which queryAll finds and a query does not. */
const sobjects = all.filter(
  (def) => def.queryable !== false && !def.neededFilter && !def.archivable && takesAnyQuery(def),
);

/** Without attributes; `digits` is for numbers that are sums, which are only exact as far as sums of doubles are. */
const plain = (value: unknown, digits?: number): unknown =>
  JSON.parse(JSON.stringify(value), (key, inner: unknown) => {
    if (key === 'attributes') return undefined;
    // Scaled up slightly, so that the last digit does not decide how a figure halfway between two is rounded.
    return typeof inner === 'number' && digits !== undefined
      ? Number((inner * (1 + 1e-13)).toPrecision(digits))
      : inner;
  });

await disturb();

/** What an evaluator written from the SOQL documentation found among all records. */
interface Golden {
  soql: string;
  /** Whether it runs by `queryAll`. */
  all: boolean;
  /** Groups may come in any order. */
  anyOrder?: true;
  found: unknown[];
}

test('queries find what they are documented to find', async () => {
  const cases = JSON.parse(
    await readFile(join(import.meta.dirname, 'golden-queries.json'), 'utf8'),
  ) as Golden[];
  for (const { soql, all: includeDeleted, anyOrder, found } of cases) {
    const records = await ask(soql, includeDeleted ? 'queryAll' : 'query');
    const texts = (rows: readonly unknown[]) => rows.map((row) => JSON.stringify(row));
    const given = plain(records, anyOrder && 9) as unknown[];
    if (anyOrder) assert.deepEqual(texts(given).toSorted(), texts(found).toSorted(), soql);
    else assert.deepEqual(given, found, soql);
  }
});

test('every generated query is answered or refused, and so is its explanation', async () => {
  let answered = 0;
  await withSeeds(queries, async (random) => {
    const soql = new GrammarTexts(random, sobjects).query();
    for (const parameter of ['q', 'explain']) {
      const answer = await org.request(
        'GET',
        `/services/data/v62.0/query?${parameter}=${encodeURIComponent(soql)}`,
      );
      assert([200, 400].includes(answer.status), `${answer.text}\n${soql}`);
      answered += answer.status === 200 ? 1 : 0;
    }
  });
  assert(answered > queries / 10, `${answered} were answered`);
});
