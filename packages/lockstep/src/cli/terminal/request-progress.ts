/** Shows how far a request is while its answer is awaited: one line on a terminal, elsewhere a line for each step. */
import { systemClock } from '@lockstep/foundation/clock';
import { requestSchema } from '../../contract/requests.ts';
import { formatCount } from '../../core/plain-words.ts';
import type { ApiClient } from '../api-client.ts';
import type { Output } from './output.ts';

const lookEveryMs = 1_000;

/** @param key  its Idempotency-Key */
export async function withProgress<Result>(
  { api, output }: { api: ApiClient; output: Output },
  key: string,
  work: Promise<Result>,
): Promise<Result> {
  const answered = new AbortController();
  const showing = show(api, output, key, answered.signal);
  try {
    return await work;
  } finally {
    answered.abort('answered');
    await showing;
  }
}

async function show(api: ApiClient, output: Output, key: string, answered: AbortSignal): Promise<void> {
  let told = '';
  while (!answered.aborted) {
    await systemClock.sleep(lookEveryMs, answered).catch(() => undefined);
    if (answered.aborted) break;
    // A look that fails tells nothing; the request itself says what is wrong.
    const seen = await api.get(`/requests/${key}`, requestSchema).catch(() => null);
    if (answered.aborted || !seen?.progress) continue;
    const { step, done, of } = seen.progress;
    if (output.isTerminal) output.show([`${step}: ${formatCount(done)} of ${formatCount(of)}`]);
    else if (step !== told) output.say(`${step}: ${formatCount(of)}`);
    told = step;
  }
  if (told !== '') output.show([]);
}
