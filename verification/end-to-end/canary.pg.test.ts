import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { dataPath, openWorld, type World } from '@lockstep/harness/world';

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

  await sendOddities(world);

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
  const metrics = await world.metrics();
  assert.match(metrics, new RegExp(`lockstep_proxy_requests_total\\{sync="${world.sync.id}",method="POST"`));
  for (const secret of secrets) assert.equal((logs + metrics).includes(secret), false);
});

/** The canary wherever a caller can put it that is neither token nor record: all of it is refused or passed on. */
async function sendOddities(world: World): Promise<void> {
  const { host, hostname, port } = new URL(world.base);
  const path = `/${world.sync.id}${dataPath}/sobjects`;
  const token = `Authorization: Bearer ${await world.org.token('demo')}`;
  const unknownSync = `/s${'b'.repeat(26)}`;
  const requests = [
    [`GET ${path}/${canary}`, `Host: ${host}`, token, `X-Note: ${canary}`, `Cookie: sid=${canary}`],
    [`GET ${path}`, `Host: ${canary}.localhost`, token, `Sforce-Call-Options: client=${canary}`],
    [`GET ${dataPath}`, `Host: ${canary}.localhost`, token],
    [`GET ${path}`, `Host: ${host}`, `Authorization: Bearer ${canary}`],
    [`GET ${path}`, `Host: ${host}`, token, `X-SFDC-Session: 00D000000000000!${canary}`],
    [`GET ${path}`, `Host: ${host}`, token, `Expect: ${canary}`],
    [`GET ${path}?q=${canary}`, `Host: ${host}`, token, `Upgrade: ${canary}`],
    [`GET ${unknownSync}${dataPath}/${canary}`, `Host: ${host}`, token],
    [`${canary} ${path}`, `Host: ${host}`, token],
    [`GET ${path}/${canary}`, `Host: ${host}`, token, ` ${canary}`],
  ];
  for (const [start, ...headers] of requests) {
    const socket = connect(Number(port), hostname);
    socket.write([`${start} HTTP/1.1`, 'Connection: close', ...headers, '', ''].join('\r\n'));
    const [answer] = (await once(socket, 'data')) as [Buffer];
    assert.match(answer.toString('latin1'), /^HTTP\/1\.1 [245]\d\d /);
    socket.destroy();
  }
}
