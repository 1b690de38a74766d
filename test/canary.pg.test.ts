import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { sql } from '../src/lib/sql.ts';
import { dataPath, openWorld } from './world.ts';

const canary = 'CANARYf7c1e0';

test('no token and no record value reaches a log, the database server’s own included', async (t) => {
  await using world = await openWorld({ org: { records: 600 }, sobjects: ['Lead', 'Account'] });
  world.startWorker();
  await world.untilComplete();

  // Values in bodies, in a query, in an answer that quotes it, in a token.
  const lead = await world.call('POST', `${dataPath}/sobjects/Lead`, { LastName: canary, Company: canary });
  const { id } = JSON.parse(lead.text) as { id: string };
  const statuses = [
    await world.call('PATCH', `${dataPath}/sobjects/Lead/${id}`, { NumberOfEmployees: canary }),
    await world.call(
      'GET',
      `${dataPath}/query?q=${encodeURIComponent(`SELECT Id FROM Lead WHERE '${canary}'`)}`,
    ),
    await world.call('PATCH', `${dataPath}/sobjects/Lead/External__c/${canary}`, { LastName: canary }),
  ].map(({ status }) => status);
  assert.deepEqual(statuses, [400, 400, 404]);
  const foreign = await fetch(`${world.base}${dataPath}/sobjects/Lead/${id}`, {
    headers: { authorization: `Bearer 00D000000000000!${canary}` },
  });
  assert.equal(foreign.status, 403);
  assert.doesNotMatch(await foreign.text(), new RegExp(canary));

  // Values that the database refuses: text that it cannot hold, and a rule that somebody added to the table.
  await world.admin.script(`
    ALTER TABLE salesforce.account ADD CONSTRAINT short_names CHECK (length(name) < 5) NOT VALID`);
  const account = await world.call('POST', `${dataPath}/sobjects/Account`, { Name: canary });
  assert.equal(
    account.headers.get('lockstep-applied'),
    'pending',
    'a record that was set aside is not visible',
  );
  await world.admin.script('ALTER TABLE salesforce.account DROP CONSTRAINT short_names');
  await world.org.db.query(sql`
    UPDATE org."Lead"
       SET "Company" = ${canary} || U&'\\E000D800', "SystemModstamp" = date_trunc('second', clock_timestamp())
     WHERE "Id" = ${id}`);
  await world.control.log.next('rows set aside');

  const secrets = [
    canary,
    await world.org.token('demo'),
    await world.org.token('integration'),
    world.org.credentials.integration.clientSecret,
    world.control.keyBytes.toString('base64'),
  ];
  const ours = world.control.log.text();
  assert.match(ours, /page applied/);
  const server = process.env.TEST_POSTGRES_LOG;
  if (!server) t.diagnostic('the database server is not ours: its log is not looked at');
  const logs = ours + (server ? await readFile(server, 'utf8') : '');
  for (const secret of secrets) assert.equal(logs.includes(secret), false);
});
