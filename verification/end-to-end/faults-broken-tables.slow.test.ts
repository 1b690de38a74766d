/**
 * Tables that somebody has broken in a way that cannot be repaired at once, and a mirror with more broken than a
 * table. Covers: a person who drops a column or a table.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ident, type Sql, sql } from '@lockstep/foundation/sql';
import {
  accountName,
  expectRepaired,
  leadCompany,
  onlyAccountProblem,
  openPairOfFile,
  passUntil,
  problems,
  writeBoth,
} from '@lockstep/harness/two-objects';
import { destinationNames } from 'lockstep/postgres/testing';

const harness = await openPairOfFile();

const names = destinationNames(harness.sync.id);
const owner = ident(names.owner);

/** Long enough for whatever backs off after a failure to try again. */
const passTries = () => harness.pass(3 * harness.intervalMs);

interface Breakage {
  what: string;
  breaks: readonly Sql[];
  code: string;
  says: RegExp;
  repairs: readonly Sql[];
}

const asOwner = (...statements: readonly Sql[]): readonly Sql[] => [
  sql`SET ROLE ${owner}`,
  ...statements,
  sql`RESET ROLE`,
];

const dropped = sql`DROP TABLE salesforce.account`;

const breakages: readonly Breakage[] = [
  {
    what: 'a changed column that somebody’s view needs',
    breaks: [
      sql`ALTER TABLE salesforce.account ALTER name TYPE boolean USING true`,
      sql`CREATE VIEW witness.names AS SELECT id, name FROM salesforce.account`,
    ],
    code: 'SCH-05',
    says: /a view or something else that somebody created depends on what has to be dropped/,
    repairs: [sql`DROP VIEW witness.names`],
  },
  {
    what: 'a view in place of a table',
    breaks: asOwner(
      sql`CREATE TABLE salesforce.kept AS TABLE salesforce.account`,
      dropped,
      sql`CREATE VIEW salesforce.account AS TABLE salesforce.kept`,
    ),
    code: 'SCH-05',
    says: /salesforce\.account is not a table/,
    repairs: [sql`DROP VIEW salesforce.account`, sql`DROP TABLE salesforce.kept`],
  },
  {
    what: 'a view in place of a table that the sync has no right to',
    breaks: [
      sql`CREATE TABLE witness.kept AS TABLE salesforce.account`,
      dropped,
      sql`CREATE VIEW salesforce.account AS TABLE witness.kept`,
    ],
    code: 'DB-15',
    says: /Account \(42501\)/,
    repairs: [sql`DROP VIEW salesforce.account`],
  },
  {
    what: 'a table that the sync has lost its rights to',
    breaks: [sql`REVOKE ALL ON salesforce.account FROM ${owner}`],
    code: 'DB-15',
    says: /Account \(42501\)/,
    repairs: [sql`GRANT ALL ON salesforce.account TO ${owner}`],
  },
  {
    what: 'a table that belongs to somebody else',
    breaks: [sql`ALTER TABLE salesforce.account OWNER TO CURRENT_USER`],
    code: 'DB-15',
    says: /Account \(42501\)/,
    repairs: [sql`ALTER TABLE salesforce.account OWNER TO ${owner}`],
  },
];

async function run(statements: readonly Sql[]): Promise<void> {
  const session = await harness.mirror.session();
  for (const statement of statements) await session.query(statement);
  await session.close();
}

for (const { what, breaks, code, says, repairs } of breakages) {
  test(`${what} is reported, delays no other object, and is filled by itself when it is repaired`, async () => {
    await run(breaks);
    const { account, lead } = await writeBoth(harness, what);
    await passTries();
    assert.equal(await leadCompany(harness, lead), what);
    await passUntil(harness, 'the problem is reported', async () =>
      (await problems(harness)).some((problem) => problem.code === code),
    );
    assert.match((await onlyAccountProblem(harness)).explanation, says);

    await run(repairs);
    await expectRepaired(harness);
    assert.equal(await accountName(harness, account), what);
    assert.deepEqual(harness.holder.syncProblems, [], 'no other object was delayed');
  });
}

test('a schema that somebody drops with all its tables is made again, filled, and open to its readers', async () => {
  const before = harness.holder.schemaChanges.length;
  await harness.mirror.query(sql`DROP SCHEMA salesforce CASCADE`);
  const { account, lead } = await writeBoth(harness, 'After the drop');
  await passUntil(harness, 'both tables exist again', async () => {
    const [made] = await harness.mirror.query<{ count: number }>(
      sql`SELECT count(*) FROM pg_tables WHERE schemaname = 'salesforce'`,
    );
    return made?.count === 2;
  });
  await expectRepaired(harness);
  assert.equal(await accountName(harness, account), 'After the drop');
  assert.equal(await leadCompany(harness, lead), 'After the drop');
  const read = await harness.mirror.transaction(async (tx) => {
    await tx.query(sql`SET LOCAL ROLE ${ident(names.reader)}`);
    return tx.query(sql`
      SELECT (SELECT count(*) > 0 FROM salesforce.account) AS accounts,
             (SELECT count(*) > 0 FROM salesforce.lead) AS leads`);
  });
  assert.deepEqual(read, [{ accounts: true, leads: true }]);
  assert.deepEqual(
    new Set(harness.holder.schemaChanges.slice(before)),
    new Set(['Account table restored SCH-04', 'Lead table restored SCH-04']),
  );
  assert.deepEqual(harness.holder.syncProblems, []);
});

for (const { what, breaks, repairs } of [
  {
    what: 'a missing table of the sync’s own state',
    breaks: sql`ALTER TABLE _lockstep.dirty RENAME TO dirty_away`,
    repairs: sql`ALTER TABLE _lockstep.dirty_away RENAME TO dirty`,
  },
  {
    what: 'a missing column of the sync’s own state',
    breaks: sql`ALTER TABLE _lockstep.cursor RENAME COLUMN version TO version_away`,
    repairs: sql`ALTER TABLE _lockstep.cursor RENAME COLUMN version_away TO version`,
  },
]) {
  test(`${what} stops the whole sync, which reports it, and goes on when it is put back`, async () => {
    await harness.mirror.query(breaks);
    const { account, lead } = await writeBoth(harness, what);
    await passTries();
    assert.equal(harness.holder.syncProblems.at(-1), 'DB-17');
    await harness.mirror.query(repairs);
    await passTries();
    assert.equal(harness.holder.syncProblems.at(-1), null, 'it goes on');
    assert.equal(await accountName(harness, account), what);
    assert.equal(await leadCompany(harness, lead), what);
    await expectRepaired(harness);
  });
}
