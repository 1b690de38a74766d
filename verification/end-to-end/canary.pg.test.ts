import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { dataPath, type EndToEndHarness, openEndToEndHarness } from '@lockstep/harness/end-to-end-harness';

const canary = 'CANARYf7c1e0';

test('no token and no record value reaches a log, not even the database server’s own', async (t) => {
  await using harness = await openEndToEndHarness({ org: { records: 600 }, sobjects: ['Lead', 'Account'] });
  harness.startWorker();
  await harness.untilComplete();

  // Values in bodies, in a query, in an answer that quotes it, in a token.
  const lead = await harness.call('POST', `${dataPath}/sobjects/Lead`, { LastName: canary, Company: canary });
  const { id } = JSON.parse(lead.text) as { id: string };
  const statuses = [
    await harness.call('PATCH', `${dataPath}/sobjects/Lead/${id}`, { NumberOfEmployees: canary }),
    await harness.call(
      'GET',
      `${dataPath}/query?q=${encodeURIComponent(`SELECT Id FROM Lead WHERE '${canary}'`)}`,
    ),
    await harness.call('PATCH', `${dataPath}/sobjects/Lead/External__c/${canary}`, { LastName: canary }),
  ].map(({ status }) => status);
  assert.deepEqual(statuses, [400, 400, 404]);
  const foreign = await fetch(`${harness.base}${dataPath}/sobjects/Lead/${id}`, {
    headers: { authorization: `Bearer 00D000000000000!${canary}` },
  });
  assert.equal(foreign.status, 403);
  assert.doesNotMatch(await foreign.text(), new RegExp(canary));

  await sendOddities(harness);

  // Values that the database refuses: text that it cannot store, and a constraint that somebody added to the table.
  await harness.admin.script(`
    ALTER TABLE salesforce.account ADD CONSTRAINT short_names CHECK (length(name) < 5) NOT VALID`);
  const account = await harness.call('POST', `${dataPath}/sobjects/Account`, { Name: canary });
  assert.equal(
    account.headers.get('lockstep-applied'),
    'pending',
    'a record that was set aside is not visible',
  );
  await harness.admin.script('ALTER TABLE salesforce.account DROP CONSTRAINT short_names');
  await harness.org.db.query(sql`
    UPDATE org."Lead"
       SET "Company" = ${canary} || U&'\\E000D800', "SystemModstamp" = date_trunc('second', clock_timestamp())
     WHERE "Id" = ${id}`);
  await harness.control.log.next('rows set aside');

  const secrets = [
    canary,
    await harness.org.token('demo'),
    await harness.org.token('integration'),
    harness.org.credentials.integration.clientSecret,
    harness.control.keyBytes.toString('base64'),
  ];
  const ours = harness.control.log.text();
  assert.match(ours, /page applied/);
  const server = process.env.TEST_POSTGRES_LOG;
  if (!server) t.diagnostic('the database server is not ours: its log is not checked');
  const logs = ours + (server ? await readFile(server, 'utf8') : '');
  const metrics = await harness.metrics();
  assert.match(
    metrics,
    new RegExp(`lockstep_proxy_requests_total\\{sync="${harness.sync.id}",method="POST"`),
  );
  for (const secret of secrets) assert.equal((logs + metrics).includes(secret), false);
});

/** Puts the canary everywhere a caller can, apart from tokens and records: each request is refused or forwarded. */
async function sendOddities(harness: EndToEndHarness): Promise<void> {
  const { host, hostname, port } = new URL(harness.base);
  const path = `/${harness.sync.id}${dataPath}/sobjects`;
  const token = `Authorization: Bearer ${await harness.org.token('demo')}`;
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
