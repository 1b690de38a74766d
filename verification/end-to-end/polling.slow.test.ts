import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { dataPath, openEndToEndHarness } from '@lockstep/harness/end-to-end-harness';

test('three pages of records with one stamp all arrive', async () => {
  await using harness = await openEndToEndHarness({ org: { records: 16_000 }, sobjects: ['Contact'] });
  harness.startWorker();
  await harness.untilComplete();
  const [{ count } = { count: 0 }] = await harness.org.db.query<{ count: number }>(sql`
    WITH changed AS (
      UPDATE org."Contact" SET "Department" = 'moved at once', "SystemModstamp" = date_trunc('second', clock_timestamp())
       WHERE NOT "IsDeleted" AND "Id" IN (SELECT "Id" FROM org."Contact" WHERE NOT "IsDeleted" ORDER BY "Id" LIMIT 4500)
      RETURNING 1)
    SELECT count(*)::integer AS count FROM changed`);
  assert.ok(count > 4_000, `${count} records are more than two pages`);
  await harness.until(
    sql`SELECT count(*) = ${count} FROM salesforce.contact WHERE department = 'moved at once'`,
    'all records of the mass update are in the mirror',
  );
});

test('a record deleted in Salesforce leaves the mirror, and one restored there comes back', async () => {
  await using harness = await openEndToEndHarness({ org: { records: 600 }, sobjects: ['Lead'] });
  harness.startWorker();
  await harness.untilComplete();
  const [lead] = await harness.reader.query<{ id: string }>(
    sql`SELECT id FROM salesforce.lead ORDER BY id LIMIT 1`,
  );
  const id = lead?.id ?? '';
  const { status } = await harness.org.request('DELETE', `${dataPath}/sobjects/Lead/${id}`);
  assert.equal(status, 204);
  await harness.until(
    sql`SELECT NOT EXISTS (SELECT FROM salesforce.lead WHERE id = ${id})`,
    'the deleted lead is gone',
  );

  await harness.org.db.query(sql`
    UPDATE org."Lead" SET "IsDeleted" = false, "SystemModstamp" = date_trunc('second', clock_timestamp())
     WHERE "Id" = ${id}`);
  await harness.until(
    sql`SELECT EXISTS (SELECT FROM salesforce.lead WHERE id = ${id})`,
    'the restored lead is back',
  );
});

test('a record stamped seconds before its commit arrives after it', async () => {
  await using harness = await openEndToEndHarness({ org: { records: 600 }, sobjects: ['Lead'] });
  harness.startWorker();
  await harness.untilComplete();
  await harness.org.db.transaction(async (tx) => {
    const [changed] = await tx.query<{ stamp: string }>(sql`
      UPDATE org."Lead" SET "Company" = 'committed late', "SystemModstamp" = date_trunc('second', clock_timestamp())
       WHERE "Id" = (SELECT min("Id") FROM org."Lead" WHERE NOT "IsDeleted")
      RETURNING "SystemModstamp" AS stamp`);
    await harness.until(
      sql`SELECT read_until > ${changed?.stamp}::timestamptz + interval '1 second' FROM _lockstep.status`,
      'the poll has passed the stamp',
    );
  });
  await harness.until(
    sql`SELECT EXISTS (SELECT FROM salesforce.lead WHERE company = 'committed late')`,
    'the late commit is in the mirror',
  );
});

test('a restart goes on where the backfill stopped', async () => {
  await using harness = await openEndToEndHarness({
    org: { records: 40_000 },
    sobjects: ['Contact'],
    intervalMs: 1_500,
  });
  const first = harness.startWorker();
  await harness.until(sql`SELECT rows > 0 FROM _lockstep.status`, 'the first pages are there');
  await first.stop();
  const [before] = await harness.reader.query<{ rows: string }>(sql`SELECT rows FROM _lockstep.status`);
  const asked = harness.control.log.text().length;
  harness.startWorker();
  await harness.untilComplete();
  const pages = harness.control.log
    .text()
    .slice(asked)
    .split('\n')
    .filter((line) => line.includes('"kind":"backfill"'))
    .map((line) => JSON.parse(line) as { rows: number });
  const readAgain = pages.reduce((sum, { rows }) => sum + rows, 0);
  assert.equal(readAgain, (await harness.countInOrg('Contact')) - Number(before?.rows));
});

test('a table that refuses its rows stops no other, and is followed again when it accepts them', async () => {
  await using harness = await openEndToEndHarness({ org: { records: 600 }, sobjects: ['Lead', 'Product2'] });
  harness.startWorker();
  await harness.untilComplete();
  await harness.admin.script(`
    CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS
      $$BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '42000'; END$$;
    CREATE TRIGGER refuse BEFORE INSERT ON salesforce.lead FOR EACH ROW EXECUTE FUNCTION public.refuse()`);
  const refused = harness.control.log.next('a table refuses its pages');
  const created = await harness.org.request('POST', `${dataPath}/sobjects/Lead`, {
    body: { LastName: 'Refused', Company: 'For a while' },
  });
  assert.equal(created.status, 201);
  assert.equal((await refused).stream, 'Lead');
  await harness.org.request('POST', `${dataPath}/sobjects/Product2`, { body: { Name: 'Goes on' } });
  await harness.until(
    sql`SELECT EXISTS (SELECT FROM salesforce.product2 WHERE name = 'Goes on')`,
    'the other table goes on',
  );
  await harness.admin.script('DROP TRIGGER refuse ON salesforce.lead');
  await harness.until(
    sql`SELECT EXISTS (SELECT FROM salesforce.lead WHERE lastname = 'Refused')`,
    'the lead is there',
  );
});
