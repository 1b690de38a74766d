/** The short form of the read-your-writes test, for every test run; `npm run consistency` is the long one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { consistency } from './consistency-process.ts';
import type { ProcessHarness } from './process-harness.ts';
import { run } from './run.ts';

test('clients see their own writes, and nothing goes back, whatever disturbs meanwhile', async () => {
  const { text, last } = await consistency('--writes', '400', '--clients', '8', '--records', '3000');
  assert.deepEqual([last.writes, last.violations], [400, 0], text);
});

test('a proxy that is killed again and again loses no write', async () => {
  const { text, last } = await consistency(
    '--writes',
    '150',
    '--clients',
    '8',
    '--records',
    '2000',
    '--kill',
  );
  assert.deepEqual([last.writes, last.violations], [150, 0], text);
});

test('a mirror that keeps an old value in a row is detected, and reported with the row’s history', async () => {
  const { violations } = await run({
    writes: 100,
    clients: 4,
    seed: 1,
    records: 500,
    hasKills: false,
    sabotage: keepDescriptions,
  });
  const found = new Set(violations.map(({ promised }) => promised));
  assert.ok(found.has('a write that is answered yes is in the mirror at once'), [...found].join());
  const stories = violations.map(({ story }) => story.join('\n')).join('\n');
  assert.match(stories, /version \d+: update \{.*"Description/);
  assert.match(stories, /sees .* differs from version \d+ by .*Description/);
});

/** Makes every later update of the mirror leave one column unchanged. */
async function keepDescriptions({ admin }: ProcessHarness): Promise<void> {
  for (const [table, column] of [
    ['account', 'description'],
    ['lead', 'description'],
    ['opportunity', 'description'],
    ['invoice_line__c', 'description__c'],
  ] as const) {
    await admin.script(`
      CREATE FUNCTION public.keep_${table}() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN NEW.${column} := OLD.${column}; RETURN NEW; END $$;
      CREATE TRIGGER keep BEFORE UPDATE ON salesforce.${table} FOR EACH ROW EXECUTE FUNCTION public.keep_${table}();`);
  }
}
