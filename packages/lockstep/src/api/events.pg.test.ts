import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ApiHarness, withSyncs } from '@lockstep/harness/api-harness';

interface Stream extends AsyncDisposable {
  /** The next event of this type. */
  next(type: string): Promise<Record<string, unknown>>;
  /** Resolves when the server has ended it. */
  ended: Promise<void>;
}

/** A client of the event stream that reads as a browser does. */
async function watch(api: ApiHarness, sync: string): Promise<Stream> {
  const leave = new AbortController();
  const answer = await fetch(`${api.url}/api/v1/syncs/${sync}/events`, {
    headers: api.headers,
    signal: leave.signal,
  });
  assert.equal(answer.headers.get('content-type'), 'text/event-stream');
  const seen: { type: string; data: Record<string, unknown> }[] = [];
  let wake = () => undefined as void;
  const ended = (async () => {
    let text = '';
    const decoder = new TextDecoder();
    for await (const chunk of answer.body ?? []) {
      text += decoder.decode(chunk, { stream: true });
      const parts = text.split('\n\n');
      text = parts.pop() ?? '';
      for (const part of parts) {
        const [, type, data] = /^event: (\w+)\ndata: (.*)$/.exec(part) ?? [];
        if (type !== undefined)
          seen.push({ type, data: JSON.parse(data ?? '{}') as Record<string, unknown> });
      }
      wake();
    }
  })().catch(() => undefined);
  return {
    ended,
    async next(type) {
      for (;;) {
        const at = seen.findIndex((event) => event.type === type);
        if (at >= 0) return seen.splice(0, at + 1).at(-1)?.data ?? {};
        await new Promise<void>((resolve) => (wake = resolve));
      }
    },
    async [Symbol.asyncDispose]() {
      leave.abort();
      await ended;
    },
  };
}

test('who watches a sync sees it as it is, then each change, and its end', async () => {
  await using api = await withSyncs(['acme']);
  await using first = await watch(api, 'acme');
  const shown = await first.next('sync');
  assert.deepEqual(shown, (await api.ask('GET', '/api/v1/syncs/acme')).body);

  await api.ask('PATCH', '/api/v1/syncs/acme', { paused: true });
  assert.equal((await first.next('sync')).paused, true);
  await using second = await watch(api, 'acme');
  assert.equal((await second.next('sync')).paused, true, 'who comes later sees the newest state');

  await api.ask('DELETE', '/api/v1/syncs/acme');
  for (const stream of [first, second]) {
    assert.deepEqual(await stream.next('deleted'), { id: shown.id });
    await stream.ended;
  }
});

test('a server that stops ends its streams instead of waiting for them', async () => {
  const api = await withSyncs(['acme']);
  await using stream = await watch(api, 'acme');
  await stream.next('sync');
  await api[Symbol.asyncDispose]();
  await stream.ended;
});

test('a stream of a sync that is not there is refused like any request', async () => {
  await using api = await withSyncs([]);
  const { status, body } = await api.ask('GET', '/api/v1/syncs/nobody/events');
  assert.deepEqual([status, body.detail], [404, 'There is no sync "nobody"']);
});
