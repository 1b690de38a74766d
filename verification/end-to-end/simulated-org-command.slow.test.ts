import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openCli } from '@lockstep/harness/cli-process';

test('simulated-org prints the URLs of the org and of its control API, which answers', async () => {
  await using cli = await openCli();
  const flags = ['simulated-org', '--json', '--records', '300', '--control-port', '0'];
  const running = await cli.start(flags, 'Ctrl-C stops it');
  const { ready, url, control_url: controlUrl } = JSON.parse(running.stdout()) as Record<string, unknown>;
  assert.equal(ready, true);
  assert.notEqual(controlUrl, url);
  assert.ok(running.stderr().includes(`To control its time and faults: ${String(controlUrl)}`));
  const clock = (await (await fetch(`${String(controlUrl)}/clock`)).json()) as { rate: number };
  assert.equal(clock.rate, 1);
  assert.equal((await running.end('SIGINT')).code, 0);
});
