/**
 * What a known caller notices of 200 strangers with made-up tokens: its p99 while they do each of the things that once
 * stalled the proxy, divided by its p99 in quiet.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openTestControl } from '@lockstep/harness/control';
import { dataPath } from '@lockstep/harness/end-to-end-harness';
import { startOrg } from '@lockstep/harness/org';
import { openServerProcess } from '@lockstep/harness/server-process';
import { makeTestSync } from '@lockstep/harness/test-sync';
import { Agent, request } from 'undici';
import { type Figures, quantile, rounded } from './figures.ts';

const attacks = ['nested', 'subrequests', 'tree', 'writes', 'ids', 'readiness', 'pipelined', 'slow reads'];
const measureMs = 10_000;
/** The caller waits this long between two requests, as a program with other work does. */
const pauseMs = 20;

export async function flood(): Promise<Figures> {
  await using undo = new AsyncDisposableStack();
  const org = undo.use(await startOrg({ records: 2_000, apiLimit: 1_000_000_000 }));
  const control = undo.use(await openTestControl());
  const allowHosts = [new URL(org.url).host];
  const wanted = { name: 'flood', sobjects: ['Account'], intervalMs: 3_000, allowHosts };
  const { sync } = undo.use(await makeTestSync(org, control, wanted));
  const server = undo.use(
    await openServerProcess({ controlUrl: control.database.url, key: control.keyBytes, allowHosts }),
  );
  await server.start();
  const agent = new Agent({ connections: 2 });
  undo.defer(() => agent.close());
  const headers = { authorization: `Bearer ${await org.token('demo')}`, 'content-type': 'application/json' };
  const call = async (method: 'POST' | 'PATCH' | 'GET', path: string, body: object | null) => {
    const options = { method, headers, body: body && JSON.stringify(body), dispatcher: agent };
    const answer = await request(`${server.url}/${sync.id}${dataPath}${path}`, options);
    const text = await answer.body.text();
    if (answer.statusCode >= 300) throw new Error(`a known caller got ${answer.statusCode}: ${text}`);
    return text;
  };
  const created = await call('POST', '/sobjects/Account', { Name: 'Known' });
  const { id } = JSON.parse(created) as { id: string };

  const measure = async () => {
    const took: number[] = [];
    const until = performance.now() + measureMs;
    for (let number = 0; performance.now() < until; number++) {
      const began = performance.now();
      if (number % 2 === 0) await call('PATCH', `/sobjects/Account/${id}`, { Name: `Known ${number}` });
      else await call('GET', `/sobjects/Account/${id}`, null);
      took.push(performance.now() - began);
      await sleep(pauseMs);
    }
    return quantile(took, 0.99);
  };
  await measure();
  const quiet = await measure();
  const figures: Figures = { quiet_p99_ms: { value: rounded(quiet, 1), unit: 'ms' } };
  let worst = 0;
  for (const attack of attacks) {
    const program = join(import.meta.dirname, 'strangers.ts');
    const strangers = spawn(process.execPath, [program, server.url ?? '', sync.id, org.orgId, attack], {
      stdio: ['pipe', 'inherit', 'inherit'],
    });
    await sleep(2_000);
    const p99 = await measure();
    strangers.stdin.end();
    await once(strangers, 'exit');
    await sleep(1_000);
    worst = Math.max(worst, p99 / quiet);
    figures[`p99_ms_${attack.replaceAll(' ', '_')}`] = { value: rounded(p99, 1), unit: 'ms' };
  }
  return { ...figures, worst_ratio: { value: rounded(worst, 2), unit: 'ratio' } };
}
