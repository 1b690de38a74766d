/** A sync that runs stops because its credential is refused, and gets another one in its place. */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { newSyncOf } from '@lockstep/harness/api-harness';
import { certificateOf } from '@lockstep/harness/certificate';
import { dataPath } from '@lockstep/harness/end-to-end-harness';
import { armFault } from '@lockstep/harness/injected-fault';
import { openRunningSync } from '@lockstep/harness/running-sync';
import { pastedToken } from '@lockstep/harness/sign-in';

const { harness, api, cli } = await openRunningSync();
const { org, admin, reader } = harness;
const { integration, web } = org.credentials;

const newPair = () => generateKeyPairSync('rsa', { modulusLength: 2048 });
const ownPair = newPair();
const privateKey = ownPair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const certify = (pair: typeof ownPair) =>
  org.control('/signIn/app', {
    clientId: 'jwt-app',
    flows: ['jwt_bearer'],
    scopes: ['api'],
    certificatePem: certificateOf(pair),
    approvedUsers: ['integration'],
  });

const inFile = async (name: string, text: string) => {
  const path = join(cli.folder, name);
  await writeFile(path, text, { mode: 0o600 });
  return path;
};
const byApi = async (credential: object) => {
  const { status, body } = await api.ask('PUT', '/api/v1/syncs/harness/credential', { credential });
  assert.equal(status, 200, JSON.stringify(body));
};
const byCommand = async (flags: readonly string[]) => {
  const { code, stderr } = await cli.run(['sync', 'reauth', ...flags]);
  assert.equal(code, 0, stderr);
};

/** Where each row lies and what wrote it, for rows that are there already. */
const rowsBefore = (last: string) =>
  admin.query(sql`
    SELECT 'account' AS name, id, ctid::text, xmin::text FROM salesforce.account
    UNION ALL SELECT 'contact', id, ctid::text, xmin::text FROM salesforce.contact WHERE lastname <> ${last}
    ORDER BY 1, 2`);
const cursors = () =>
  reader.query<{ sobject: string; state: string; read_until: string; settled_until: string }>(sql`
    SELECT sobject, state, read_until::timestamptz, settled_until::timestamptz
      FROM _lockstep.status ORDER BY sobject`);
const flowOf = async () => (await api.ask('GET', '/api/v1/syncs/harness')).body.flow;

interface Case {
  flow: string;
  code: string;
  refuse: () => Promise<unknown>;
  replace: () => Promise<unknown>;
}

const cases: readonly Case[] = [
  {
    flow: 'jwt bearer',
    code: 'SF-01',
    async refuse() {
      const match = { path: '/services/oauth2/token' };
      const fault = await armFault(org, { match, times: 1, effect: { answer: 'INVALID_GRANT' } });
      await org.control('/signIn/expireTokens', { user: 'integration' });
      await fault.untilFired();
      await fault.end();
    },
    async replace() {
      await certify(ownPair);
      const { username } = integration;
      await byApi({ flow: 'jwt bearer', client_id: 'jwt-app', username, private_key: privateKey });
    },
  },
  {
    flow: 'refresh token',
    code: 'SF-08',
    async refuse() {
      await certify(newPair());
      await org.control('/signIn/expireTokens', { user: 'integration' });
    },
    async replace() {
      const { client_secret: secret, refresh_token: token } = await pastedToken(org);
      const given = [await inFile('secret', secret), await inFile('token', token ?? '')] as const;
      const app = ['--client-id', web.clientId, '--client-secret-file', given[0]];
      await byCommand(['--flow', 'refresh-token', ...app, '--refresh-token-file', given[1]]);
    },
  },
  {
    flow: 'jwt bearer',
    code: 'SF-01',
    refuse: () => org.control('/signIn/revoke', { user: 'demo', clientId: web.clientId }),
    async replace() {
      await certify(ownPair);
      const key = ['--key-file', await inFile('key.pem', privateKey)];
      await byCommand([
        '--flow',
        'jwt',
        '--client-id',
        'jwt-app',
        '--username',
        integration.username,
        ...key,
      ]);
    },
  },
  {
    flow: 'client credentials',
    code: 'SF-08',
    async refuse() {
      await certify(newPair());
      await org.control('/signIn/expireTokens', { user: 'integration' });
    },
    replace: () => byApi(newSyncOf(org).credential),
  },
];

for (const [place, { flow, code, refuse, replace }] of cases.entries()) {
  test(`${place + 1}: after ${code} the sync goes on with ${flow} within a minute, at its cursors`, async () => {
    const last = `Change ${place}`;
    const stops = harness.nextSyncProblem(code);
    await refuse();
    await stops;
    await org.request('POST', `${dataPath}/sobjects/Contact`, { body: { LastName: last } });
    const [rows, positions] = [await rowsBefore(last), await cursors()];

    const goesOn = harness.nextSyncProblem(null);
    const replacedAt = Date.now();
    await replace();
    await harness.until(
      sql`SELECT count(*) = 1 FROM salesforce.contact WHERE lastname = ${last}`,
      'it is read',
    );
    assert.ok(Date.now() - replacedAt < 60_000);
    await goesOn;
    assert.equal(await flowOf(), flow);
    assert.deepEqual(await rowsBefore(last), rows, 'no row is written again');
    for (const [nth, now] of (await cursors()).entries()) {
      const before = positions[nth];
      assert.ok(before && now.state === 'current', now.state);
      assert.ok(now.read_until >= before.read_until, `${now.sobject} is read until ${now.read_until}`);
      assert.ok(now.settled_until >= before.settled_until, `${now.sobject} until ${now.settled_until}`);
    }
  });
}
