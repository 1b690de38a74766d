/** `watch`: a sync from its first row until it is live, across restarts of the server, and how watching ends. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openApiOn, withSyncs } from '@lockstep/harness/api-harness';
import { openCli } from '@lockstep/harness/cli-process';
import { openEndToEndHarness } from '@lockstep/harness/end-to-end-harness';
import { changeSettings, listSyncs, recordActivity } from 'lockstep/control';

interface Line {
  schema: number;
  name: string;
  state: string;
  rows: number;
  percent: number;
  objects: { sobject: string; state: string }[];
}

test('watch shows the copy of a sync as lines or as JSON, and ends when the sync is live', async () => {
  await using harness = await openEndToEndHarness({ org: { records: 600 }, sobjects: ['Account', 'Lead'] });
  await using api = await openApiOn(harness.control);
  await using cli = await openCli(api.environment);
  const live = ['watch', '--until', 'live', '--wait', '50s'];
  const [lines, json] = await Promise.all([
    cli.start(live, 'harness not_running'),
    cli.start([...live, '--json'], '"state":"not_running"'),
  ]);
  harness.startWorker();

  const asLines = await lines.ended;
  assert.deepEqual([asLines.code, asLines.stdout], [0, 'harness is live.\n'], asLines.stderr);
  const log = asLines.stderr.trimEnd().split('\n');
  const time = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ harness`;
  assert.match(log[0] ?? '', new RegExp(`^${time} not_running 0 % 0/\\d+$`));
  for (const name of ['Account', 'Lead'])
    assert.match(asLines.stderr, new RegExp(`^${time} ${name} \\w+ -> current$`, 'm'));
  assert.match(log.at(-1) ?? '', new RegExp(`^${time} live [1-9]\\d* rows$`));
  assert.ok(!asLines.stderr.includes('\x1b'), 'no escape codes where no terminal is');

  const asJson = await json.ended;
  assert.deepEqual([asJson.code, asJson.stderr], [0, '']);
  const told = asJson.stdout.trimEnd().split('\n');
  const progress = told.map((line) => JSON.parse(line) as Line).filter(({ state }) => state !== undefined);
  assert.deepEqual([progress[0]?.state, progress[0]?.percent], ['not_running', 0]);
  const { rows, ...last } = progress.at(-1) ?? assert.fail('it has told something');
  assert.ok(rows > 0);
  assert.deepEqual(
    [last.schema, last.name, last.state, last.objects.map(({ sobject, state }) => [sobject, state])],
    [
      1,
      'harness',
      'live',
      [
        ['Account', 'current'],
        ['Lead', 'current'],
      ],
    ],
  );
  const again = await cli.run(live);
  assert.equal(again.code, 0, 'a sync that is live already is not waited for');
});

test('watching goes on when the server is back, tells what happens, and ends with the sync', async () => {
  await using first = await withSyncs(['acme']);
  const { control } = first.control;
  const [sync] = await listSyncs(control);
  assert.ok(sync);
  const second = await openApiOn(first.control);
  const { port } = second;
  await using cli = await openCli(second.environment);
  const watching = await cli.start(['watch'], 'acme not_running');
  await second[Symbol.asyncDispose]();
  await watching.says('asked again until it answers');

  await using _third = await openApiOn(first.control, [], { port });
  await changeSettings(control, sync.id, { paused: true });
  await watching.says('acme paused');
  recordActivity(control, sync.id, { kind: 'credential', event: 'replaced' });
  await watching.says('acme The credential was replaced\n');
  assert.equal(watching.stderr().match(/asked again/g)?.length, 1);

  assert.equal((await first.ask('DELETE', '/api/v1/syncs/acme')).status, 200);
  const { code, stderr } = await watching.ended;
  assert.equal(code, 4);
  assert.match(stderr, /error: acme was deleted\nnext: \.\/lockstep sync list/);
});

test('watching ends with code 8 when the time is over, and with 130 at Ctrl-C, which says that the sync goes on', async () => {
  await using api = await withSyncs(['acme']);
  await using cli = await openCli(api.environment);
  const late = await cli.run(['watch', '--until', 'live', '--wait', '1s', '--json']);
  assert.equal(late.code, 8);
  assert.match(
    late.stderr,
    /^error SYS-14: .*acme is not live after 1s\.\nnext: .*lockstep status --sync acme; allow more time .* --wait/,
  );
  assert.equal(
    (JSON.parse(late.stdout.split('\n')[1] ?? '') as { error: { code: string } }).error.code,
    'SYS-14',
  );

  const watching = await cli.start(['watch'], 'acme not_running');
  const { code, stderr } = await watching.end('SIGINT');
  assert.equal(code, 130);
  assert.match(stderr, /\nNo longer watching; acme goes on\.\n$/);

  for (const [flags, says] of [
    [['--until', 'done'], /--until takes live/],
    [['--wait', '1h'], /--wait belongs to --until live/],
    [['--until', 'live', '--wait', '501h'], /up to 500h/],
  ] as const) {
    const wrong = await cli.run(['watch', ...flags]);
    assert.equal(wrong.code, 2);
    assert.match(wrong.stderr, says);
  }
});
