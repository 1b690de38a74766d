import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { startOrg } from '@lockstep/harness/org';

const org = await startOrg({ records: 3000 });
after(() => org[Symbol.asyncDispose]());

interface Page {
  totalSize: number;
  done: boolean;
  nextRecordsUrl?: string;
  records: { Id: string; SystemModstamp?: string }[];
}

const data = '/services/data/v62.0';
const small = { 'Sforce-Query-Options': 'batchSize=200' };

const query = (soql: string, headers: Record<string, string> = {}, resource = 'query') =>
  org.request('GET', `${data}/${resource}?q=${encodeURIComponent(soql)}`, { headers });

/** Follows nextRecordsUrl to the end. */
async function allPages(soql: string, headers: Record<string, string> = {}): Promise<Page[]> {
  const pages = [(await query(soql, headers)).json as Page];
  for (let next = pages[0]?.nextRecordsUrl; next; next = pages.at(-1)?.nextRecordsUrl) {
    pages.push((await org.request('GET', next)).json as Page);
  }
  return pages;
}

test('the pages of a result contain all its records, each once', async () => {
  const pages = await allPages('SELECT Id FROM Contact', small);

  const [{ contacts } = { contacts: 0 }] = await org.db.query<{ contacts: number }>(
    sql`SELECT count(*) AS contacts FROM org."Contact" WHERE NOT "IsDeleted"`,
  );
  const ids = pages.flatMap((page) => page.records.map((record) => record.Id));
  assert.equal(ids.length, contacts);
  assert.equal(new Set(ids).size, contacts);
  assert.deepEqual(
    pages.map((page) => [page.totalSize, page.done, page.records.length]),
    pages.map((_page, i) => [
      contacts,
      i === pages.length - 1,
      i < pages.length - 1 ? 200 : contacts % 200 || 200,
    ]),
  );
  assert.match(pages[0]?.nextRecordsUrl ?? '', /^\/services\/data\/v62\.0\/query\/0r8\w{15}-200$/);
});

test('a keyset walks across three pages of one stamp without a gap or a repeat', async () => {
  await org.db.query(sql`UPDATE org."Lead" SET "SystemModstamp" = '2021-05-05T05:05:05Z'`);
  const seen: string[] = [];
  for (let after = ''; ; after = seen.at(-1) ?? '') {
    const where = `SystemModstamp > 2021-05-05T05:05:05.000Z OR (SystemModstamp = 2021-05-05T05:05:05.000+0000 AND Id > '${after}')`;
    const soql = `SELECT Id, SystemModstamp FROM Lead ${after && `WHERE ${where}`} ORDER BY SystemModstamp, Id LIMIT 130`;
    const page = (await query(soql)).json as Page;
    assert.equal(page.done, true);
    assert.equal(page.totalSize, page.records.length);
    seen.push(...page.records.map((record) => record.Id));
    if (page.records.length < 130) break;
  }

  const [{ ids } = { ids: [] as string[] }] = await org.db.query<{ ids: string[] }>(
    sql`SELECT array_agg("Id" ORDER BY "Id") AS ids FROM org."Lead" WHERE NOT "IsDeleted"`,
  );
  assert.ok(seen.length > 2 * 130);
  assert.deepEqual(seen, ids);
});

test('a batch size outside 200 to 2000 is raised or lowered to the nearest bound', async () => {
  const page = (await query('SELECT Id FROM Contact', { 'Sforce-Query-Options': 'batchSize=1' }))
    .json as Page;
  assert.equal(page.records.length, 200);
  const whole = (await query('SELECT Id FROM Contact', { 'Sforce-Query-Options': 'batchSize=9999' }))
    .json as Page;
  assert.equal(whole.done, true);
});

test('a locator survives a restart and belongs to its user', async () => {
  const first = (await query('SELECT Id FROM Contact', small)).json as Page;
  const next = first.nextRecordsUrl ?? '';

  await org.restart();

  const second = (await org.request('GET', next)).json as Page;
  assert.equal(second.records.length, 200);
  const foreign = await org.request('GET', next, { token: await org.token('integration') });
  assert.equal(foreign.status, 400);
});

test('a locator that is unknown, old or beyond its end is refused', async () => {
  const first = (await query('SELECT Id FROM Contact', small)).json as Page;
  const locator = first.nextRecordsUrl ?? '';
  const beyond = locator.replace(/-200$/, '-999999');
  for (const path of [beyond, `${data}/query/0r8Hp0000000001AAA-200`, `${data}/query/nonsense`]) {
    const answer = await org.request('GET', path);
    assert.equal(answer.status, 400);
    assert.deepEqual(answer.json, [{ message: 'invalid query locator', errorCode: 'INVALID_QUERY_LOCATOR' }]);
  }
  await org.db.query(sql`UPDATE simulator.locator SET created_at = created_at - interval '3 days'`);
  assert.equal((await org.request('GET', locator)).status, 400);
});

test('count() answers a total and no records', async () => {
  const answer = await query('SELECT count() FROM User');
  assert.deepEqual(answer.json, { totalSize: 12, done: true, records: [] });
});

interface Described {
  sobjects: { name: string; queryable: boolean }[];
  fields: { name: string }[];
  childRelationships: { relationshipName: string | null }[];
}

const describeOf = async (path: string) =>
  (await org.request('GET', `${data}/sobjects${path}`)).json as Described;

test('groups come on one page, and too many of them are refused', async () => {
  const groups = await query('SELECT IsActive, COUNT(Id) people FROM User GROUP BY IsActive', small);
  const { records, ...page } = groups.json as { records: { people: number }[] };
  assert.deepEqual(page, { totalSize: records.length, done: true });
  assert.equal(
    records.reduce((sum, { people }) => sum + people, 0),
    12,
  );
  assert.match(
    groups.text,
    /\{"attributes":\{"type":"AggregateResult"\},"IsActive":(true|false),"people":\d+\}/,
  );

  await org.db.query(sql`
    INSERT INTO org."Product2"
    SELECT (jsonb_populate_record(NULL::org."Product2",
                                  to_jsonb(p) || jsonb_build_object('Id', '01t' || (900000000000000 + n)::text))).*
      FROM (SELECT * FROM org."Product2" LIMIT 1) p, generate_series(1, 2001) n`);
  const tooMany = await query('SELECT Id FROM Product2 GROUP BY Id');
  assert.equal(tooMany.status, 400);
  assert.deepEqual(tooMany.json, [
    {
      message:
        'Aggregate query does not support queryMore(), use LIMIT to restrict the results to a single batch',
      errorCode: 'EXCEEDED_ID_LIMIT',
    },
  ]);
  const cut = (await query('SELECT Id FROM Product2 GROUP BY Id LIMIT 2000', small)).json as Page;
  assert.deepEqual([cut.done, cut.records.length], [true, 2000]);
});

test('parents are read on every page of a result', async () => {
  const pages = await allPages('SELECT Id, Account.Name FROM Contact ORDER BY Account.Name, Id', small);
  const records = pages.flatMap((page) => page.records) as { Id: string; Account: { Name: string } | null }[];
  const expected = await org.db.query<{ id: string; name: string | null }>(sql`
    SELECT c."Id" AS id, a."Name" AS name
      FROM org."Contact" c LEFT JOIN org."Account" a ON a."Id" = c."AccountId"
     WHERE NOT c."IsDeleted"
     ORDER BY lower(a."Name" COLLATE "und-x-icu") COLLATE "C" NULLS FIRST, c."Id"`);
  assert.deepEqual(
    records.map(({ Id, Account }) => ({ id: Id, name: Account?.Name ?? null })),
    expected,
  );
});

const neededFilters: Record<string, string> = {
  FieldDefinition: "WHERE EntityDefinition.QualifiedApiName = 'Account'",
  FlowTestView: "WHERE FlowDefinitionViewId = 'Flow_0'",
  ContentDocumentLink: 'WHERE ContentDocumentId IN (SELECT Id FROM ContentDocument)',
};

test('every field and every named child relationship of a describe can be queried', async () => {
  const account = (await query('SELECT Id FROM Account LIMIT 1')).json as Page;
  const post = { ParentId: account.records[0]?.Id, Body: 'The only one' };
  const made = await org.request('POST', `${data}/sobjects/FeedItem`, { body: post });
  assert.equal(made.status, 201, made.text);
  let relationships = 0;
  for (const { name, queryable } of (await describeOf('')).sobjects) {
    if (!queryable) continue;
    const { fields, childRelationships } = await describeOf(`/${name}/describe`);
    const names = fields.map((field) => field.name);
    // Queries of custom metadata cannot have a LIMIT, without which FIELDS(ALL) is refused.
    const all = name.endsWith('__mdt')
      ? await query(`SELECT ${names.join(', ')} FROM ${name}`)
      : await query(`SELECT FIELDS(ALL) FROM ${name} ${neededFilters[name] ?? ''} LIMIT 200`);
    assert.equal(all.status, 200, all.text);
    const [first] = (all.json as Page).records;
    assert.deepEqual(Object.keys(first ?? {}).toSorted(), ['attributes', ...names].toSorted(), name);

    for (const { relationshipName } of childRelationships) {
      if (relationshipName === null) continue;
      const children = await query(`SELECT Id, (SELECT Id FROM ${relationshipName}) FROM ${name} LIMIT 200`);
      assert.equal(children.status, 200, children.text);
      assert(children.text.includes(`"${relationshipName}":`), `${name} ${relationshipName}`);
      relationships += 1;
    }
  }
  assert(relationships >= 4);
});

test('an invalid query is refused with the position of the error', async () => {
  const answer = await query('select count() from XYZZY');
  assert.equal(answer.status, 400);
  const [error] = answer.json as { errorCode: string; message: string }[];
  assert.equal(error?.errorCode, 'INVALID_TYPE');
  assert.match(error?.message ?? '', /ERROR at Row:1:Column:21\nsObject type 'XYZZY' is not supported\./);

  const none = await org.request('GET', `${data}/query`);
  assert.equal(none.status, 400);
  assert.match(none.text, /MALFORMED_QUERY/);
});

test('a query finds text that PostgreSQL cannot store', async () => {
  const name = 'nul \0';
  await org.request('POST', `${data}/sobjects/Account`, { body: { Name: name } });
  const found = await org.request('POST', `${data}/composite`, {
    body: {
      compositeRequest: [
        {
          method: 'GET',
          referenceId: 'q',
          url: `${data}/query?q=SELECT Id, Name FROM Account WHERE Name = '${name}'`,
        },
      ],
    },
  });
  const [part] = (found.json as { compositeResponse: { body: { records: { Name: string }[] } }[] })
    .compositeResponse;
  assert.deepEqual(
    part?.body.records.map((record) => record.Name),
    [name],
  );
});
