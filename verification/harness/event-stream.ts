import assert from 'node:assert/strict';
import type { ApiHarness } from './api-harness.ts';

export interface Stream extends AsyncDisposable {
  /** The next event of this type. */
  next(type: string): Promise<Record<string, unknown>>;
  /** Resolves when the server has ended it. */
  ended: Promise<void>;
}

/** A client of the event stream that reads as a browser does. */
export async function watch(
  api: ApiHarness,
  sync: string,
  of = 'syncs',
  headers: Record<string, string> = api.headers,
): Promise<Stream> {
  const leave = new AbortController();
  const answer = await fetch(`${api.url}/api/v1/${of}/${sync}/events`, {
    headers,
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
