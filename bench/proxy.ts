import { Agent, request } from 'undici';
import { dataPath, openWorld } from '../test/world.ts';
import { type Figures, median, quantile, rounded } from './figures.ts';

const rounds = 2_000;
const warmUp = 200;

/** One connection each; direct and proxied requests in turn, so that both see the same machine. */
export async function proxy(): Promise<Figures> {
  await using world = await openWorld({ org: { records: 2_000 }, sobjects: ['Account'] });
  const token = await world.org.token('demo');
  const created = await world.call('POST', `${dataPath}/sobjects/Account`, { Name: 'Measured' });
  const { id } = JSON.parse(created.text) as { id: string };
  const path = `${dataPath}/sobjects/Account/${id}?fields=Id,Name`;
  const agent = new Agent({ connections: 1 });
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const timed = async (base: string, method: 'GET' | 'PATCH', body: string | null) => {
    const began = performance.now();
    const answer = await request(`${base}${path}`, { method, headers, body, dispatcher: agent });
    await answer.body.dump();
    if (answer.statusCode >= 300) throw new Error(`the request was answered ${answer.statusCode}`);
    return performance.now() - began;
  };
  const measure = async (method: 'GET' | 'PATCH', count: number) => {
    const direct: number[] = [];
    const proxied: number[] = [];
    for (let round = 0; round < count + warmUp; round++) {
      const body = method === 'PATCH' ? JSON.stringify({ Name: `Measured ${round}` }) : null;
      const pair = [await timed(world.org.url, method, body), await timed(world.base, method, body)] as const;
      if (round < warmUp) continue;
      direct.push(pair[0]);
      proxied.push(pair[1]);
    }
    return { direct, proxied };
  };
  const gets = await measure('GET', rounds);
  const patches = await measure('PATCH', rounds / 4);
  await agent.close();
  const added = ({ direct, proxied }: typeof gets, share: number) => ({
    value: rounded(quantile(proxied, share) - quantile(direct, share)),
    unit: 'ms',
  });
  return {
    get_added_p50_ms: added(gets, 0.5),
    get_added_p99_ms: added(gets, 0.99),
    patch_added_p50_ms: added(patches, 0.5),
    get_direct_p50_ms: { value: rounded(median(gets.direct)), unit: 'ms' },
    patch_direct_p50_ms: { value: rounded(median(patches.direct)), unit: 'ms' },
  };
}
