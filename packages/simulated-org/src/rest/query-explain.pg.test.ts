import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startOrg } from '@lockstep/harness/org';

const org = await startOrg({ records: 2000 });
after(() => org[Symbol.asyncDispose]());

interface Plan {
  cardinality: number;
  fields: string[];
  leadingOperationType: string;
  notes: { description: string; fields: string[]; tableEnumOrId: string }[];
  relativeCost: number;
  sobjectCardinality: number;
  sobjectType: string;
}

const explain = (soql: string) =>
  org.request('GET', `/services/data/v62.0/query?explain=${encodeURIComponent(soql)}`);

async function plans(soql: string): Promise<Plan[]> {
  const answer = await explain(soql);
  assert.equal(answer.status, 200, answer.text);
  return (answer.json as { plans: Plan[] }).plans;
}

test('a query is explained by its plans, cheapest first, without being run', async () => {
  const found = await plans("SELECT Id FROM Contact WHERE Email = 'a@example.com' AND Department = 'x'");
  assert.deepEqual(
    found.map(({ leadingOperationType, fields, sobjectType }) => [leadingOperationType, fields, sobjectType]),
    [
      ['Index', ['Email'], 'Contact'],
      ['TableScan', [], 'Contact'],
    ],
  );
  const [index, scan] = found;
  assert(index && scan);
  assert(index.relativeCost < scan.relativeCost);
  assert(index.cardinality <= scan.sobjectCardinality && scan.sobjectCardinality > 100);
  const notes = [
    {
      description: 'Not considering filter for optimization because unindexed',
      fields: ['Department', 'IsDeleted'],
      tableEnumOrId: 'Contact',
    },
  ];
  assert.deepEqual([index.notes, scan.notes], [notes, notes]);
});

test('an index that matches most records costs more than a scan', async () => {
  const [first, second] = await plans('SELECT Id FROM Account WHERE CreatedDate > 1990-01-01T00:00:00Z');
  assert.equal(first?.leadingOperationType, 'TableScan');
  assert.deepEqual(second?.fields, ['CreatedDate']);
  assert((second?.relativeCost ?? 0) > 1);
});

test('conditions that no index can serve leave only the scan', async () => {
  for (const where of [
    '',
    "WHERE Name != 'x'",
    "WHERE Name LIKE '%x'",
    'WHERE OwnerId = null',
    "WHERE Name = 'x' OR Id = null",
    "WHERE Account.Name = 'x'",
    "WHERE Id NOT IN ('003000000000001')",
  ]) {
    const found = await plans(`SELECT Id FROM Contact ${where}`);
    assert.deepEqual(
      found.map(({ leadingOperationType }) => leadingOperationType),
      ['TableScan'],
      where,
    );
  }
});

test('an invalid query is refused as if it were run', async () => {
  for (const [soql, code] of [
    ['SELECT', 'MALFORMED_QUERY'],
    ['SELECT Foo FROM Contact', 'INVALID_FIELD'],
    ['SELECT Id FROM Nothing', 'INVALID_TYPE'],
  ] as const) {
    const answer = await explain(soql);
    assert.equal(answer.status, 400);
    assert.equal((answer.json as { errorCode: string }[])[0]?.errorCode, code);
  }
});
