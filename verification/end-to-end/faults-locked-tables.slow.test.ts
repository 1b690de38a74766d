/**
 * Tables of the mirror that other sessions lock: only their own object waits, and the problem names the sessions.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Session } from '@lockstep/foundation/database';
import { sql } from '@lockstep/foundation/sql';
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

const harness = await openPairOfFile();

const minuteMs = 60_000;

/** Somebody else's session in the mirror's database. */
async function openSession() {
  const session = await harness.mirror.session();
  const [own] = await session.query<{ pid: number; user: string }>(
    sql`SELECT pg_backend_pid() AS pid, current_user AS user`,
  );
  return {
    session,
    name: `session ${own?.pid} of ${own?.user}`,
    [Symbol.asyncDispose]: () => session.close(),
  };
}

test('while an index is built, only that table’s pages wait, and the problem names the session', async () => {
  await using other = await openSession();
  await other.session.script('BEGIN; LOCK TABLE salesforce.account IN SHARE MODE');
  const { account, lead } = await writeBoth(harness, 'While an index is made');
  await harness.pass(3 * harness.intervalMs);
  assert.equal(await leadCompany(harness, lead), 'While an index is made');
  assert.equal(await accountName(harness, account), undefined);
  const { code, explanation } = await onlyAccountProblem(harness);
  assert.equal(code, 'DB-16');
  assert.ok(explanation.includes(`${other.name}: ShareLock`), explanation);

  await other.session.script('COMMIT');
  await harness.pass(harness.intervalMs);
  assert.equal(await accountName(harness, account), 'While an index is made');
  await harness.expectNoRollback();
  await expectRepaired(harness);
  assert.deepEqual(harness.holder.syncProblems, [], 'no other object was delayed');
});

test('a table that is locked even against readers delays neither polls nor checks of other tables', async () => {
  await using other = await openSession();
  const sweptAt = async () => {
    const [cursor] = await harness.mirror.query<{ at: number }>(sql`
      SELECT (position ->> 'lastAt')::integer AS at FROM _lockstep.cursor JOIN _lockstep.checkpoint USING (stream_no)
       WHERE kind = 'sweep' AND sobject = 'Lead'`);
    return cursor?.at ?? 0;
  };
  const before = await sweptAt();
  await other.session.script('BEGIN; LOCK TABLE salesforce.account IN ACCESS EXCLUSIVE MODE');
  await harness.advance(65 * minuteMs); // the sweeps of both are now due
  const { account, lead } = await writeBoth(harness, 'While nobody may read');
  await harness.pass(5 * harness.intervalMs);
  assert.equal(await leadCompany(harness, lead), 'While nobody may read');
  assert.ok((await sweptAt()) > before, 'the Ids of Lead were compared');
  const { code, explanation } = await onlyAccountProblem(harness);
  assert.equal(code, 'DB-16');
  assert.ok(explanation.includes(`${other.name}: AccessExclusiveLock`), explanation);

  await other.session.script('COMMIT');
  await harness.pass(2 * harness.intervalMs);
  assert.equal(await accountName(harness, account), 'While nobody may read');
  await harness.expectNoRollback();
  await expectRepaired(harness);
  assert.deepEqual(harness.holder.syncProblems, [], 'no other object was delayed');
});

test('a deleted log that names rows of a locked table delays no other object', async () => {
  await using other = await openSession();
  const { account } = await writeBoth(harness, 'To be deleted for good');
  await harness.pass(2 * harness.intervalMs);
  assert.equal(await accountName(harness, account), 'To be deleted for good');
  await other.session.script('BEGIN; LOCK TABLE salesforce.account IN ACCESS EXCLUSIVE MODE');
  await harness.org.control('/records/hardDelete', { ids: [account] });
  await harness.pass(24 * minuteMs);
  const [lead = ''] = await harness.write([
    { create: 'Lead', values: { LastName: 'L', Company: 'Goes on' } },
  ]);
  await harness.pass(2 * harness.intervalMs);
  assert.equal(await leadCompany(harness, lead), 'Goes on');
  const { code } = await onlyAccountProblem(harness);
  assert.equal(code, 'DB-16');
  await other.session.script('COMMIT');
  await harness.pass(24 * minuteMs);
  assert.equal(await accountName(harness, account), undefined);
  await expectRepaired(harness);
  assert.deepEqual(harness.holder.syncProblems, [], 'no other object was delayed');
});

test('a changed table that always has readers waits for them alone, and is filled when they end', async () => {
  await using first = await openSession();
  await using second = await openSession();
  await harness.mirror.query(sql`ALTER TABLE salesforce.account DROP COLUMN name`);
  const begin = ({ session }: { session: Session }) =>
    session.script('BEGIN; SELECT count(*) FROM salesforce.account');
  const names = [first.name, second.name];
  await begin(first);
  const { account, lead } = await writeBoth(harness, 'While they read');
  await passUntil(
    harness,
    'the readers are named',
    async () => (await problems(harness))[0]?.code === 'SCH-05',
  );
  for (const [reader, former] of [
    [second, first],
    [first, second],
    [second, first],
  ] as const) {
    await begin(reader); // a new reader waits for one of our tries at most
    await former.session.script('COMMIT');
    const company = `While ${reader.name} reads`;
    const [next = ''] = await harness.write([
      { create: 'Lead', values: { LastName: 'L', Company: company } },
    ]);
    await harness.pass(2 * harness.intervalMs);
    assert.equal(await leadCompany(harness, next), company);
    const { code, explanation } = await onlyAccountProblem(harness);
    assert.equal(code, 'SCH-05');
    assert.ok(
      names.some((name) => explanation.includes(`${name}: AccessShareLock`)),
      explanation,
    );
  }
  assert.equal(await leadCompany(harness, lead), 'While they read');

  await second.session.script('COMMIT');
  await expectRepaired(harness);
  assert.equal(await accountName(harness, account), 'While they read');
  assert.deepEqual(harness.holder.syncProblems, [], 'no other object was delayed');
});
