/**
 * What the proxy adds. It runs in a process of its own, as in production; direct and proxied requests alternate, so
 * that both see the same machine load. Meanwhile the sync does nothing but what the writes cause.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openCli } from '@lockstep/harness/cli-process';
import { dataPath, type EndToEndHarness, openEndToEndHarness } from '@lockstep/harness/end-to-end-harness';
import { Agent, request } from 'undici';
import { type Figures, median, quantile, rounded } from './figures.ts';

const warmUp = 200;
const getRounds = 2_000;
const manyConnections = 16;
const manyRounds = 4_000;
/** How many changes to measure at each latency of the org. */
const patchRounds: readonly (readonly [latencyMs: number, rounds: number])[] = [
  [0, 400],
  [50, 100],
  [200, 40],
];
const backoffMs = 300_000;

export async function proxy(): Promise<Figures> {
  const harness = await openEndToEndHarness({
    org: { records: 2_000 },
    sobjects: ['Account'],
    intervalMs: backoffMs,
  });
  await using _ = harness;
  await using cli = await openCli({
    DATABASE_URL: harness.control.database.url,
    LOCKSTEP_KEY: harness.control.keyBytes.toString('base64'),
    LOCKSTEP_ALLOW_HOST: new URL(harness.org.url).host,
    LOCKSTEP_PROXY_PORT: '0',
    LOCKSTEP_METRICS_PORT: '0',
  });
  const server = await cli.start(['start', '--json'], 'Ctrl-C stops it');
  const { proxy_url: proxyUrl } = JSON.parse(server.stdout()) as { proxy_url: string };
  await using nginx = await openNginx(harness.org.url);
  const caller = await openCaller(harness, `${proxyUrl}/${harness.sync.id}`);
  const figures = {
    ...(await gets(caller, nginx?.url)),
    ...(await patches(caller)),
    ...(await callsPerWrite(caller)),
  };
  await caller.close();
  await server.end('SIGTERM');
  return figures;
}

type Method = 'GET' | 'PATCH' | 'POST';

interface Caller {
  harness: EndToEndHarness;
  direct: string;
  proxied: string;
  /** Path of a record. */
  path: string;
  /** How long one request takes, in milliseconds. */
  timed(base: string, method: Method, path: string, body?: object): Promise<number>;
  close(): Promise<void>;
}

async function openCaller(harness: EndToEndHarness, proxied: string): Promise<Caller> {
  const token = await harness.org.token('demo');
  const agent = new Agent({ connections: manyConnections * 2 });
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const send = async (base: string, method: Method, path: string, body?: object) => {
    const given = body ? JSON.stringify(body) : null;
    const answer = await request(`${base}${path}`, { method, headers, body: given, dispatcher: agent });
    const text = await answer.body.text();
    if (answer.statusCode >= 300) throw new Error(`the request was answered ${answer.statusCode}: ${text}`);
    return text;
  };
  const created = await send(proxied, 'POST', `${dataPath}/sobjects/Account`, { Name: 'Measured' });
  const { id } = JSON.parse(created) as { id: string };
  return {
    harness,
    direct: harness.org.url,
    proxied,
    path: `${dataPath}/sobjects/Account/${id}`,
    async timed(...given) {
      const began = performance.now();
      await send(...given);
      return performance.now() - began;
    },
    close: () => agent.close(),
  };
}

async function gets(caller: Caller, nginx: string | undefined): Promise<Figures> {
  const { direct, proxied, path } = caller;
  const get = (base: string) => caller.timed(base, 'GET', `${path}?fields=Id,Name`);
  const ways = new Map([
    ['direct', direct],
    ['proxied', proxied],
    ...(nginx === undefined ? [] : [['nginx', nginx] as const]),
  ]);
  const one = await inTurn(ways, getRounds, get);
  const figures: Figures = {
    get_added_p50_ms: ms(added(one, 'proxied', 0.5)),
    get_added_p99_ms: ms(added(one, 'proxied', 0.99)),
    get_direct_p50_ms: ms(quantile(timesOf(one, 'direct'), 0.5)),
    get_direct_p99_ms: ms(quantile(timesOf(one, 'direct'), 0.99)),
  };
  if (nginx !== undefined) figures.get_nginx_added_p50_ms = ms(added(one, 'nginx', 0.5));
  for (const [way, base] of ways) {
    const many = await atOnce(() => get(base));
    figures[`get_${way}_${manyConnections}_p50_ms`] = ms(median(many.times));
    figures[`get_${way}_${manyConnections}_p99_ms`] = ms(quantile(many.times, 0.99));
    figures[`get_${way}_${manyConnections}_per_s`] = { value: Math.round(many.perSecond), unit: '1/s' };
  }
  return figures;
}

const timesOf = (times: Times, way: string) => times.get(way) ?? [];

const added = (times: Times, way: string, share: number) =>
  quantile(timesOf(times, way), share) - quantile(timesOf(times, 'direct'), share);

/** What a proxied change costs in addition to the change itself and the one request that reads it back. */
async function patches(caller: Caller): Promise<Figures> {
  const { harness, path, direct, proxied } = caller;
  const figures: Figures = {};
  const readBack = await readBackOf(caller);
  const ways = new Map([
    ['direct', direct],
    ['proxied', proxied],
  ]);
  for (const [latencyMs, rounds] of patchRounds) {
    const effect = { delayMs: latencyMs };
    const { id } = await harness.org.control<{ id: string }>('/faults', { match: {}, times: null, effect });
    const roundTrips: number[] = [];
    let number = 0;
    const times = await inTurn(ways, rounds, async (base) => {
      if (base === direct)
        roundTrips.push(await caller.timed(direct, 'POST', `${dataPath}/composite`, readBack));
      return caller.timed(base, 'PATCH', path, { Name: `Measured ${number++}` });
    });
    await harness.org.control('/faults/delete', { id });
    const roundTrip = median(roundTrips);
    figures[`patch_over_p50_ms_at_${latencyMs}`] = ms(added(times, 'proxied', 0.5) - roundTrip);
    figures[`patch_direct_p50_ms_at_${latencyMs}`] = ms(median(timesOf(times, 'direct')));
    figures[`round_trip_p50_ms_at_${latencyMs}`] = ms(roundTrip);
  }
  return figures;
}

/** The proxy's read-back, to be sent directly: one round trip to the org. */
async function readBackOf({ harness, path }: Caller): Promise<object> {
  const { json } = await harness.org.request('GET', `${dataPath}/sobjects/Account/describe`);
  const { fields } = json as { fields: { name: string; type: string }[] };
  const names = fields
    .filter(({ type }) => type !== 'address' && type !== 'location')
    .map(({ name }) => name);
  const soql = `SELECT ${names.join(', ')} FROM Account WHERE Id IN ('${path.slice(-18)}')`;
  const url = `${dataPath}/queryAll?q=${encodeURIComponent(soql)}`;
  return { compositeRequest: [{ method: 'GET', url, referenceId: 'q0' }] };
}

/** Requests that the org counts per write, including the write itself. */
async function callsPerWrite(caller: Caller): Promise<Figures> {
  const { harness, proxied } = caller;
  const write = (number: number) =>
    caller.timed(proxied, 'POST', `${dataPath}/sobjects/Account`, { Name: `Counted ${number}` });
  const counted = async (writers: number, each: number) => {
    const before = await usedCalls(harness);
    const loops = Array.from({ length: writers }, async (__, writer) => {
      for (let turn = 0; turn < each; turn++) await write(writer * each + turn);
    });
    await Promise.all(loops);
    // Reading the count the second time is a request too.
    return rounded(((await usedCalls(harness)) - before - 1) / (writers * each));
  };
  return {
    calls_per_write: { value: await counted(1, 200), unit: 'requests' },
    calls_per_write_loaded: { value: await counted(32, 60), unit: 'requests' },
  };
}

async function usedCalls({ org }: EndToEndHarness): Promise<number> {
  const answer = await org.request('GET', `${dataPath}/limits`);
  const [, used] = /api-usage=(\d+)\//.exec(answer.headers.get('sforce-limit-info') ?? '') ?? [];
  if (used === undefined) throw new Error('the org does not say how many requests it has counted');
  return Number(used);
}

type Times = ReadonlyMap<string, readonly number[]>;

/** Times each way once per round, over one connection each. */
async function inTurn(
  ways: ReadonlyMap<string, string>,
  rounds: number,
  time: (base: string) => Promise<number>,
): Promise<Times> {
  const times = new Map([...ways.keys()].map((way) => [way, [] as number[]]));
  const skipped = Math.min(warmUp, rounds / 2);
  for (let round = 0; round < rounds + skipped; round++) {
    for (const [way, base] of ways) {
      const took = await time(base);
      if (round >= skipped) times.get(way)?.push(took);
    }
  }
  return times;
}

async function atOnce(time: () => Promise<number>): Promise<{ times: number[]; perSecond: number }> {
  const times: number[] = [];
  const began = performance.now();
  await Promise.all(
    Array.from({ length: manyConnections }, async () => {
      for (let turn = 0; turn < manyRounds / manyConnections; turn++) times.push(await time());
    }),
  );
  return { times, perSecond: times.length / ((performance.now() - began) / 1000) };
}

const ms = (value: number) => ({ value: rounded(value), unit: 'ms' });

/** A plain proxy to compare with, if nginx is installed. */
async function openNginx(upstream: string): Promise<(AsyncDisposable & { url: string }) | null> {
  try {
    execFileSync('nginx', ['-v'], { stdio: 'ignore' });
  } catch {
    return null;
  }
  const folder = await mkdtemp(join(tmpdir(), 'lockstep-nginx-'));
  const port = await freePort();
  const { host } = new URL(upstream);
  const configuration = join(folder, 'nginx.conf');
  await writeFile(
    configuration,
    `daemon off; pid ${folder}/pid; error_log ${folder}/error.log; worker_processes 1; events {}
     http { access_log off; upstream org { server ${host}; keepalive 32; }
       server { listen 127.0.0.1:${port}; location / { proxy_pass http://org; proxy_http_version 1.1;
         proxy_set_header Connection ""; proxy_set_header Host ${host}; } } }`,
  );
  const running = spawn('nginx', ['-c', configuration, '-p', folder], { stdio: 'ignore' });
  return {
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      const ended = once(running, 'exit');
      running.kill('SIGTERM');
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}
