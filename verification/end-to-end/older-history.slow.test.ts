/** Commands that tell what has happened reach all of it, page by page. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ApiHarness, withSyncs } from '@lockstep/harness/api-harness';
import { openCli } from '@lockstep/harness/cli-process';
import { findSync, recordActivity, recordAudit, recordProxiedRequest } from 'lockstep/control';

const count = 501;

interface Shown {
  items: { id: string }[];
  is_cut: boolean;
  next: string | null;
}
const pagesOf = (stdout: string): Shown[] =>
  stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Shown);
const idsOf = (pages: readonly Shown[]) => pages.flatMap(({ items }) => items.map(({ id }) => Number(id)));

/** As if each had happened so often. */
async function fill(api: ApiHarness): Promise<void> {
  const { control } = api.control;
  const sync = await findSync(control, 'acme');
  assert.ok(sync);
  for (let nth = 0; nth < count; nth++) {
    recordActivity(control, sync.id, { kind: 'schema', event: 'field hidden', detail: `F${nth}__c` });
    recordProxiedRequest(control, sync.id, {
      method: 'POST',
      sobject: 'account',
      recordId: null,
      outcome: 'applied',
      code: null,
      status: 201,
      tookMs: 20,
      upstreamMs: 10,
      readBackMs: 5,
      applyMs: 5,
      requestId: `request-${nth}`,
      isVerified: true,
    });
    await recordAudit(control, {
      who: 'key deploy',
      address: null,
      operation: 'changeSync',
      requestId: null,
    });
  }
}

test('activity, audit and proxy list show all entries with --all, and go on with --after', async () => {
  await using api = await withSyncs(['acme']);
  await using cli = await openCli(api.environment);
  await fill(api);
  for (const command of [['activity'], ['audit'], ['proxy', 'list']]) {
    const all = await cli.run([...command, '--all', '--json']);
    const pages = pagesOf(all.stdout);
    const ids = idsOf(pages);
    assert.deepEqual(
      pages.map(({ items, is_cut: isCut }) => [items.length, isCut]),
      [
        [500, true],
        [1, false],
      ],
    );
    assert.equal(new Set(ids).size, count, command.join(' '));
    assert.deepEqual(
      ids,
      ids.toSorted((one, other) => other - one),
      'the newest first',
    );

    const first = await cli.run([...command, '--limit', '2', '--json']);
    const [two] = pagesOf(first.stdout);
    assert.match(first.stderr, new RegExp(`There are older ones: --after ${two?.next} goes on, --all`));
    const more = await cli.run([...command, '--limit', '3', '--after', two?.next ?? '', '--json']);
    assert.deepEqual(idsOf([...(two ? [two] : []), ...pagesOf(more.stdout)]), ids.slice(0, 5));

    const text = await cli.run([...command, '--all']);
    assert.equal(text.stdout.match(/^\d+ (?:s|min) ago/gm)?.length, count, command.join(' '));
    assert.doesNotMatch(text.stderr, /older ones/);
    for (const wrong of [
      ['--all', '--limit', '2'],
      ['--after', 'yesterday'],
    ])
      assert.equal((await cli.run([...command, ...wrong])).code, 2);
  }
  const follow = await cli.run(['activity', '--follow', '--all']);
  assert.match(follow.stderr, /--follow shows what comes, so --all does not go with it/);

  const hours = await cli.run(['proxy', 'list', '--by-hour', '--json']);
  const { items } = JSON.parse(hours.stdout) as { items: { method: string; requests: number }[] };
  assert.equal(
    items.reduce((sum, one) => sum + one.requests, 0),
    count,
  );
  const shown = await cli.run(['proxy', 'list', '--by-hour', '--since', '2h']);
  assert.match(
    shown.stdout,
    /^HOUR \(UTC\) +METHOD +OUTCOME +REQUESTS +AVERAGE MS\n\d{4}-\d\d-\d\d \d\d:00 +POST +applied +\d+ +20$/m,
  );
  const wrong = await cli.run(['proxy', 'list', '--by-hour', '--outcome', 'applied']);
  assert.deepEqual([wrong.code, /--outcome does not go with --by-hour/.test(wrong.stderr)], [2, true]);
});
