import assert from 'node:assert/strict';
import { test } from 'node:test';
import { faultFrom, openScriptedOrg } from '@lockstep/harness/scripted-org';
import { newestVersion } from './versions.ts';

const open = () => new AbortController().signal;
const served = (...versions: readonly string[]) =>
  JSON.stringify(
    versions.map((version) => ({ version, label: 'A season', url: `/services/data/v${version}` })),
  );

test('an org with no version that this Lockstep knows is refused, with the newest that it has', async () => {
  await using org = await openScriptedOrg();
  for (const [body, code, reason] of [
    [served('31.0', '37.0'), 'VER-01', '37.0'],
    [served('99.0', '100.0'), 'VER-01', '100.0'],
    [served(), 'VER-01', 'none'],
    ['<html></html>', 'DATA-03', undefined],
  ] as const) {
    org.answer = () => ({ body });
    const fault = await faultFrom(newestVersion(org.open(), open()));
    assert.deepEqual([fault.code, fault.safe.reason], [code, reason], body);
  }
});

test('a request to a retired version ends with the same refusal if no other version will do', async () => {
  await using org = await openScriptedOrg(({ path }) =>
    path === '/services/data/' ? { body: served('37.0') } : { status: 410 },
  );
  const moved: string[] = [];
  const salesforce = org.open({ onVersionMoved: (version) => moved.push(version) });
  const request = { method: 'GET', path: '/services/data/v62.0/limits', purpose: 'setup' } as const;
  assert.equal((await faultFrom(salesforce.request(request, open()))).code, 'VER-01');
  assert.deepEqual(moved, []);
});
