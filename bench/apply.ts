import { ident, sql } from '@lockstep/foundation/sql';
import { idOf, openDestinationHarness } from '@lockstep/harness/destination';
import type { Page } from 'lockstep/core/page';
import { missingIndexes, restoreIndex } from 'lockstep/postgres/testing';
import { type Figures, median, rounded } from './figures.ts';

const rounds = 7;
const pagesARound = 10;
const pageRows = 2_000;

/** A third of the columns are not text, as in the standard objects. */
const fields: Record<string, string> = { Name: 'string', AnnualRevenue: 'currency', LastSeen__c: 'datetime' };
for (let place = 0; place < 19; place++) {
  const type = ['string', 'string', 'double', 'string', 'boolean', 'string', 'date'][place % 7] ?? 'string';
  fields[`Field_${place}__c`] = type;
}

const pageOfText = (records: string): Page => ({
  records,
  count: pageRows,
  last: null,
  lastId: null,
  done: true,
  unstorable: [],
  nulsRemoved: 0,
});

/**
 * A backfill: the pages of one stream through applyPage, each with its reading, against the least possible work, an
 * INSERT from the expanded JSON into a table with the same key and index. The two alternate page by page.
 */
export async function apply(): Promise<Figures> {
  await using harness = await openDestinationHarness({ fields });
  const { stream } = harness.table('Account');
  const { db } = harness.destination;
  await harness.db.query(
    sql`CREATE TABLE salesforce.bare (LIKE ${ident(stream.schema, stream.table)} INCLUDING ALL)`,
  );
  const names = stream.columns.map(({ field }) => `"${field}"`).join(', ');
  const typed = stream.columns.map(({ field, sqlType }) => `"${field}" ${sqlType}`).join(', ');
  const bareInsert = `INSERT INTO salesforce.bare SELECT ${names} FROM jsonb_to_recordset($1::jsonb) AS p(${typed})`;

  const ratios: number[] = [];
  const applyRates: number[] = [];
  const equalMs: number[] = [];
  for (let round = 0; round < rounds; round++) {
    await harness.db.script(`TRUNCATE salesforce.bare, salesforce.${stream.table}`);
    let bareMs = 0;
    let applyMs = 0;
    for (let page = 0; page < pagesARound; page++) {
      const records = JSON.stringify(pageOf(round, page));
      let began = performance.now();
      await db.transaction((tx) => tx.query({ name: 'bare', text: bareInsert, values: [records] }));
      bareMs += performance.now() - began;
      began = performance.now();
      await harness.apply(pageOfText(records));
      applyMs += performance.now() - began;
      if (page < pagesARound - 1) continue;
      began = performance.now();
      await harness.apply(pageOfText(records));
      equalMs.push(performance.now() - began);
    }
    ratios.push(bareMs / applyMs);
    applyRates.push((pagesARound * pageRows) / (applyMs / 1000));
  }
  return {
    ratio_to_bare_insert: { value: rounded(median(ratios)), unit: 'ratio' },
    rows_per_second: { value: Math.round(median(applyRates)), unit: 'rows/s' },
    equal_page_ms: { value: rounded(median(equalMs), 1), unit: 'ms' },
    indexed_references: { value: rounded(await indexedReferences()), unit: 'ratio' },
  };
}

const references = {
  Parent__c: 'reference Account',
  Site__c: 'reference Account',
  Owner__c: 'reference Contact',
};

/**
 * Polls after the backfill: pages of changed rows of a table whose references are indexed, against the same pages of one
 * without those indexes. One of the three references changes with each page.
 */
async function indexedReferences(): Promise<number> {
  const sobjects = ['Account', 'Contact'];
  await using harness = await openDestinationHarness({
    fields: { ...fields, ...references },
    streams: sobjects,
  });
  const { db } = harness.destination;
  const { stream } = harness.table('Account');
  for (const column of await missingIndexes(db, stream, new Set(sobjects)))
    await restoreIndex(db, stream, column);
  const took = new Map(sobjects.map((sobject) => [sobject, [] as number[]]));
  for (let round = 0; round <= rounds; round++) {
    for (let page = 0; page < pagesARound; page++) {
      const records = pageOf(round, page).map((record, row) => ({
        ...record,
        SystemModstamp: `2026-01-02T03:${String(round + 10)}:05.000+0000`,
        Parent__c: idOf(row % 700),
        Site__c: row % 5 === 0 ? idOf(row) : null,
        Owner__c: idOf((row + round) % 50),
      }));
      for (const sobject of round % 2 === 0 ? sobjects : sobjects.toReversed()) {
        const began = performance.now();
        await harness.apply(pageOfText(JSON.stringify(records)), { sobject });
        if (round > 0) took.get(sobject)?.push(performance.now() - began); // the first round fills the tables
      }
    }
  }
  const [indexed = 0, plain = 0] = sobjects.map((sobject) => median(took.get(sobject) ?? []));
  return plain / indexed;
}

function pageOf(round: number, page: number): object[] {
  return Array.from({ length: pageRows }, (_, row) => {
    const number = page * pageRows + row;
    const record: Record<string, unknown> = {
      attributes: { type: 'Account', url: '/services/data/v62.0/sobjects/Account/001000000000000AAA' },
      Id: `001${String(number).padStart(12, '0')}AAA`,
      IsDeleted: false,
      SystemModstamp: '2026-01-02T03:04:05.000+0000',
    };
    for (const [name, type] of Object.entries(fields)) record[name] = valueOf(type, number, round);
    return record;
  });
}

function valueOf(type: string, number: number, round: number): unknown {
  switch (type) {
    case 'currency':
    case 'double':
      return number * 1.25 + round;
    case 'boolean':
      return number % 2 === 0;
    case 'date':
      return `2026-01-${String((number % 28) + 1).padStart(2, '0')}`;
    case 'datetime':
      return '2026-01-02T03:04:05.000+0000';
    default:
      return number % 9 === 0 ? null : `A text of usual length ${number}`;
  }
}
