import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fault } from './fault.ts';
import { Faults, type RequestFacts } from './faults.ts';

const request = (more: Partial<RequestFacts> = {}): RequestFacts => ({
  isInside: false,
  method: 'GET',
  path: '/services/data/v62.0/query',
  client: undefined,
  text: () => 'SELECT Id FROM Account',
  bearer: () => Promise.resolve({ userId: 'me', clientId: 'app' }),
  ...more,
});

function armed(given: object) {
  const faults = new Faults();
  faults.arm(fault.parse({ effect: { delayMs: 1 }, ...given }));
  return {
    faults,
    meets: async (more?: Partial<RequestFacts>) =>
      Boolean(await faults.effectOn(request(more), (name) => name)),
  };
}

/** Which of `count` requests the fault affects, in order. */
async function pattern(given: object, count: number): Promise<string> {
  const { meets } = armed(given);
  let met = '';
  for (let i = 0; i < count; i++) met += (await meets()) ? 'x' : '.';
  return met;
}

test('a fault fires once, a number of times, or always, after letting some requests pass', async () => {
  assert.equal(await pattern({}, 4), 'x...');
  assert.equal(await pattern({ times: 2, after: 1 }, 5), '.xx..');
  assert.equal(await pattern({ times: null }, 4), 'xxxx');
});

test('the same seed affects the same share of requests', async () => {
  const one = await pattern({ times: null, share: 0.5, seed: 3 }, 200);
  assert.equal(await pattern({ times: null, share: 0.5, seed: 3 }, 200), one);
  assert.notEqual(await pattern({ times: null, share: 0.5, seed: 4 }, 200), one);
  const met = one.replaceAll('.', '').length;
  assert.ok(met > 70 && met < 130, String(met));
});

test('a fault applies to the requests that match its method, path, text, user and app', async () => {
  const cases: [match: object, isMet: boolean][] = [
    [{}, true],
    [{ method: 'get' }, true],
    [{ method: 'POST' }, false],
    [{ path: '/services/data/v62.0/query' }, true],
    [{ path: '/services/data/*/query' }, true],
    [{ path: '/services/*/v62*query' }, true],
    [{ path: '*' }, true],
    [{ path: '/services/data/v62.0/query*query' }, false],
    [{ path: '/services/data/*/sobjects/*' }, false],
    [{ contains: 'from account' }, true],
    [{ contains: 'from contact' }, false],
    [{ user: 'me' }, true],
    [{ user: 'you' }, false],
    [{ app: 'app', user: 'me' }, true],
    [{ app: 'other' }, false],
    [{ inside: 'only' }, false],
    [{ inside: 'too' }, true],
  ];
  for (const [match, isMet] of cases) {
    assert.equal(await armed({ match }).meets(), isMet, JSON.stringify(match));
  }
  assert.equal(await armed({ match: { inside: 'only' } }).meets({ isInside: true }), true);
  assert.equal(await armed({}).meets({ isInside: true }), false);
});

test('all matching faults apply to a request, and each counts how often it fired', async () => {
  const faults = new Faults();
  faults.arm(fault.parse({ times: null, effect: { limitInfo: 'absent' } }));
  faults.arm(fault.parse({ effect: { answer: 'QUERY_TIMEOUT' } }));
  const first = await faults.effectOn(request(), (name) => name);
  const second = await faults.effectOn(request(), (name) => name);
  assert.deepEqual([first?.limitInfo, first?.answer], ['absent', 'QUERY_TIMEOUT']);
  assert.deepEqual([second?.limitInfo, second?.answer], ['absent', undefined]);
  assert.deepEqual(
    faults.list.map(({ matched, fired }) => [matched, fired]),
    [
      [2, 2],
      [1, 1],
    ],
  );
});

test('a hanging request continues when its fault is released or deleted', async () => {
  const { faults } = armed({ times: null, effect: { hang: 'before' } });
  const [id] = faults.list.map((one) => one.id);
  const first = await faults.effectOn(request(), (name) => name);
  assert.equal(faults.release(id), true);
  await first?.released;
  const second = await faults.effectOn(request(), (name) => name);
  assert.equal(faults.release('unknown'), false);
  assert.equal(faults.delete(), true);
  await second?.released;
  assert.deepEqual(faults.list, []);
});

test('an impossible fault is refused with the reason', () => {
  const cases: [given: object, says: RegExp][] = [
    [{ effect: {} }, /at least one effect/],
    [{ effect: { delay: 5 } }, /delay/],
    [{ match: { inside: 'too' }, effect: { reset: 'after' } }, /for whole requests/],
    [{ effect: { answer: 'INVALID_FIELD' } }, /effect\.name/],
    [{ effect: { answer: 'NO_SUCH' } }, /answer/],
  ];
  for (const [given, says] of cases) assert.match(fault.safeParse(given).error?.message ?? '', says);
});
