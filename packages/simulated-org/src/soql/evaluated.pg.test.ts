// More queries, from another seed on: TEST_POSTGRES_URL=… node packages/simulated-org/src/soql/evaluated.pg.test.ts 20000 501
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { seededRandom } from '@lockstep/foundation/random';
import { startOrg } from '@lockstep/harness/org';
import { sobjects as all } from '../objects/index.ts';
import type { SObjectDef } from '../schema/schema.ts';
import { evaluate, Records, type Row } from './sample-evaluator.ts';
import { GrammarTexts, takesAnyQuery } from './sample-grammar.ts';
import { type Model, textOf } from './sample-model.ts';
import { Models } from './sample-models.ts';

const [queries = 500, firstSeed = 1] = process.argv.slice(2).map(Number).filter(Number.isSafeInteger);

const org = await startOrg({ records: 900 });
after(() => org[Symbol.asyncDispose]());

interface Page {
  nextRecordsUrl?: string;
  records: Row[];
}

async function ask(soql: string, resource = 'query'): Promise<Row[]> {
  const records: Row[] = [];
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

/** Text that is hard to quote, compare or order; and records that were deleted. */
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
    for (const { Id } of await ask(`SELECT Id FROM ${sobject} ORDER BY Id LIMIT 30`)) {
      const gone = await org.request('DELETE', `${path}/${sobject}/${Id}`);
      // An account that has cases or contracts stays.
      assert.ok(gone.status === 204 || gone.text.includes('DELETE_FAILED'), gone.text);
    }
  }
}

/** All that can be read as a whole; queryAll shows archived activities that a query does not. */
const sobjects = all.filter(
  (def) => def.queryable !== false && !def.neededFilter && !def.archivable && takesAnyQuery(def),
);

async function readAll(): Promise<Records> {
  const records = new Records(sobjects);
  for (const def of sobjects)
    records.add(def, await ask(`SELECT ${plainFields(def)} FROM ${def.name}`, 'queryAll'));
  return records;
}

const plainFields = (def: SObjectDef) =>
  def.fields
    .filter(({ type }) => !['address', 'location', 'base64', 'json', 'anyType'].includes(type))
    .map(({ name }) => name)
    .join();

/** Without attributes; numbers that are sums as far as sums of doubles are exact. */
const plain = (value: unknown, digits?: number): unknown =>
  JSON.parse(JSON.stringify(value), (key, inner: unknown) => {
    if (key === 'attributes') return undefined;
    // A little more, so that a figure halfway between two does not fall to either by its last digit.
    return typeof inner === 'number' && digits !== undefined
      ? Number((inner * (1 + 1e-13)).toPrecision(digits))
      : inner;
  });

await disturb();
const records = await readAll();

test('generated queries find what a plain evaluator finds among all records', async () => {
  let rows = 0;
  for (let seed = firstSeed; seed < firstSeed + queries; seed += 1) {
    const model = new Models(seededRandom(seed), records).model();
    const soql = textOf(model);
    const includeDeleted = seed % 4 === 0;
    const found = await ask(soql, includeDeleted ? 'queryAll' : 'query');
    const message = `seed ${seed}: ${soql}`;
    if (model.groups) checkGroups(model, found, includeDeleted, message);
    else assert.deepEqual(plain(found), evaluate(model, { records, includeDeleted }), message);
    rows += found.length;
  }
  assert(rows > queries * 5, `${rows} rows were found by ${queries} queries`);
});

/** Groups that are equal in the order come in any; which of them a limit lets through is not said. */
function checkGroups(model: Model, found: readonly Row[], includeDeleted: boolean, message: string): void {
  const all = evaluate({ ...model, limit: null }, { records, includeDeleted });
  const texts = (groups: readonly unknown[]) =>
    groups.map((group) => JSON.stringify(plain(group, 9))).toSorted();
  assert.equal(found.length, Math.min(all.length, model.limit ?? all.length), message);
  if (model.limit === null) assert.deepEqual(texts(found), texts(all), message);
  const rest = texts(all);
  for (const text of texts(found)) assert(rest.includes(text), `${message}\n${text}`);
  const order = (groups: readonly object[]) => {
    const aliases = model.orderBy.map(({ by }) => aliasOf(model, by));
    return groups.map((group) =>
      plain(
        aliases.map((alias) => (group as Row)[alias]),
        9,
      ),
    );
  };
  assert.deepEqual(order(found), order(all.slice(0, found.length)), message);
}

function aliasOf({ groups }: Model, by: Model['orderBy'][number]['by']): string {
  const named = [...(groups?.keys ?? []), ...(groups?.aggregates ?? [])];
  return named.find(({ path, call }) => path === by.path && call === by.call)?.alias ?? '';
}

test('whatever a query says, it is answered or refused, and so is its explanation', async () => {
  let answered = 0;
  for (let seed = firstSeed; seed < firstSeed + queries; seed += 1) {
    const soql = new GrammarTexts(seededRandom(seed), sobjects).query();
    for (const parameter of ['q', 'explain']) {
      const answer = await org.request(
        'GET',
        `/services/data/v62.0/query?${parameter}=${encodeURIComponent(soql)}`,
      );
      assert([200, 400].includes(answer.status), `seed ${seed}: ${answer.text}\n${soql}`);
      answered += answer.status === 200 ? 1 : 0;
    }
  }
  assert(answered > queries / 10, `${answered} were answered`);
});
