/** `lockstep try`: a measured write that changes no value, with the caller's own token. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { openApiOn } from '@lockstep/harness/api-harness';
import { openCli } from '@lockstep/harness/cli-process';
import { dataPath, openEndToEndHarness } from '@lockstep/harness/end-to-end-harness';

interface Step {
  step: string;
  is_ok: boolean;
  status: number | null;
  applied: string | null;
  code: string | null;
}

test('a trial write measures a write that SQL shows, changes no value, and stores no token', async (t) => {
  await using harness = await openEndToEndHarness({ org: { records: 600 }, sobjects: ['Account', 'Lead'] });
  const { org, control, sync } = harness;
  harness.startWorker();
  await harness.untilComplete();
  await using api = await openApiOn(control, [], { proxyUrl: new URL(harness.base).origin });
  await using cli = await openCli(api.environment);
  const [{ id } = { id: '' }] = await harness.reader.query<{ id: string }>(
    sql`SELECT min(id) AS id FROM salesforce.account WHERE NOT isdeleted`,
  );
  const recordOf = async () =>
    (await org.request('GET', `${dataPath}/sobjects/Account/${id}?fields=Description,SystemModstamp`))
      .json as Record<string, string>;
  const token = await org.token('demo');
  const attempt = async (change: object = {}) => {
    const path = `/api/v1/syncs/${sync.id}/trial`;
    const { status, body } = await api.ask('POST', path, { object: 'account', id, token, ...change });
    return { status, isOk: body.is_ok, steps: (body.steps ?? []) as Step[], body };
  };
  const before = await recordOf();
  const tried = await attempt();
  assert.deepEqual(
    tried.steps.map(({ step, is_ok: isOk, status, applied }) => [step, isOk, status, applied]),
    [
      ['record', true, 200, null],
      ['write', true, 204, 'yes'],
      ['sql', true, null, null],
      ['unchanged', true, null, null],
    ],
    JSON.stringify(tried.body),
  );
  assert.equal(tried.isOk, true);
  const after = await recordOf();
  assert.equal(after.Description, before.Description);

  const refused = await attempt({ token: 'not-a-token' });
  assert.deepEqual([refused.status, refused.isOk, refused.steps.length], [200, false, 1]);
  const foreign = await attempt({ token: '00D000000000000!foreign' });
  assert.deepEqual(
    foreign.steps.map(({ is_ok: isOk, status, code }) => [isOk, status, code]),
    [[false, 403, 'PRX-02']],
  );
  assert.equal((await attempt({ object: 'Contact' })).status, 404);
  assert.equal((await attempt({ field: 'NumberOfNothing' })).status, 404);
  assert.equal((await attempt({ token: undefined })).status, 400);

  const folder = await mkdtemp(join(tmpdir(), 'try-'));
  t.after(() => rm(folder, { recursive: true }));
  const file = join(folder, 'token');
  await writeFile(file, token);
  const { code, stdout, stderr } = await cli.run([
    'try',
    '--object=Account',
    `--id=${id}`,
    '--field=Name',
    `--token-file=${file}`,
  ]);
  assert.equal(code, 0, stdout + stderr);
  assert.match(stdout, /^Write through the proxy +ok +204 +Lockstep-Applied: yes +\d+ ms/m);
  const [noted] = (await api.ask('GET', '/api/v1/audit')).body.items as {
    operation: string;
    after: object;
  }[];
  assert.deepEqual([noted?.operation, noted?.after], ['tryWrite', { object: 'Account', id, field: 'Name' }]);
  const stored = await control.control.db.query<{ text: string }>(
    sql`SELECT query_to_xml('SELECT * FROM lockstep.audit_entry', true, false, '')::text
               || query_to_xml('SELECT * FROM lockstep.proxy_request', true, false, '')::text AS text`,
  );
  assert.equal((stored[0]?.text ?? '').includes(token), false);
  assert.equal(control.log.text().includes(token), false);
});

test('a key of the proxy does for a trial write what it does for every other', async () => {
  await using harness = await openEndToEndHarness({ org: { records: 600 }, sobjects: ['Account'] });
  harness.startWorker();
  await harness.untilComplete();
  await using api = await openApiOn(harness.control, [], { proxyUrl: new URL(harness.base).origin });
  const [{ id } = { id: '' }] = await harness.reader.query<{ id: string }>(
    sql`SELECT min(id) AS id FROM salesforce.account WHERE NOT isdeleted`,
  );
  const path = `/api/v1/syncs/${harness.sync.id}`;
  const lastStepWith = async (scope: string) => {
    const { key } = (await api.ask('POST', `${path}/proxy-keys`, { name: scope, scope })).body;
    const { body } = await api.ask('POST', `${path}/trial`, { object: 'Account', id, token: key });
    const { step, code } = (body.steps as Step[]).at(-1) ?? {};
    return [body.is_ok, step, code];
  };
  assert.deepEqual(await lastStepWith('write'), [true, 'unchanged', null]);
  assert.deepEqual(await lastStepWith('read'), [false, 'write', 'PRX-15']);
});
