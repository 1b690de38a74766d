/** Every screen behind a load balancer that is slow, broken, or answers by itself; and with a server that restarts. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { screenshot } from '@lockstep/harness/browser';
import { type ConsolePage, openConsoleOfSync } from '@lockstep/harness/console';
import { type ConsoleScreen, screensOf } from '@lockstep/harness/console-screens';
import { type GatewayFault, openFaultyGateway } from '@lockstep/harness/faulty-gateway';

type Page = ConsolePage['page'];

const { api, signedIn, url, harness, stopServer, startServer } = await openConsoleOfSync();
const gateway = await openFaultyGateway(url);
after(() => gateway[Symbol.asyncDispose]());
const sync = harness.sync.id;
const screens = screensOf(sync);
await harness.call('GET', '/services/data/v62.0/query?q=SELECT+Id+FROM+Account');

const none: GatewayFault = { kind: 'none' };
const isApi = (path: string) => path.startsWith('/api/');
const isStream = (path: string) => path.endsWith('/events');
/** What the frame needs to show a screen at all. */
const isOfFrame = (path: string) =>
  /^\/api\/v1\/(session$|syncs\?|syncs\/[^/]+\/(snapshot|events)$)/.test(path);

/** Whether this is the demo: without an answer the frame shows no band, and says nothing. */
const isDemoQuestion = (path: string) => path === '/api/v1/system';

/** A program's words, which tell a person nothing. */
const raw = /SyntaxError|TypeError|Unexpected|undefined|\[object|<\/?\w+>|nginx|boom|fetch|JSON|NaN/;

async function inTurns<T>(
  items: readonly T[],
  atOnce: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const waiting = [...items];
  const take = async () => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: atOnce }, take));
}

/** Of the screen alone: another one may be open beside it. */
async function onScreen(
  screen: ConsoleScreen,
  work: (page: Page, complaints: readonly string[]) => Promise<void>,
): Promise<void> {
  const { page, context, complaints } = await signedIn();
  try {
    await page.goto(`${gateway.url}${screen.path}`);
    await work(page, complaints);
  } catch (error) {
    await screenshot(page, `failed-${screen.name}`);
    throw new Error(`on the screen ${screen.name}`, { cause: error });
  } finally {
    await context.close();
  }
}

const busy = (page: Page) => page.locator('[aria-busy="true"]');
const isBusy = (page: Page) => busy(page).first().isVisible();

async function untilIdle(page: Page, timeout: number): Promise<void> {
  const until = Date.now() + timeout;
  while (await isBusy(page)) {
    assert.ok(Date.now() < until, 'something is loading for ever');
    await page.waitForTimeout(100);
  }
}

async function checkWords(page: Page): Promise<void> {
  const text = await page.locator('main').innerText();
  assert.doesNotMatch(text, raw);
}

/** Presses it wherever it stands, until everything is there. */
async function tryAgainEverywhere(page: Page): Promise<void> {
  const button = page.getByRole('button', { name: 'Try again' });
  for (let presses = 0; presses < 20; presses++) {
    await untilIdle(page, 20_000);
    if ((await button.count()) === 0) return;
    await button.first().click();
    await page.waitForTimeout(300);
  }
  assert.fail('Try again does not help');
}

test('a slow server: each screen keeps its place, says after 10 s that it still loads, and comes', async () => {
  // The first answer of each screen takes longest.
  const slowest = /\/(session$|errors)/;
  const msOf = (path: string) => (slowest.test(path) ? 12_000 : isOfFrame(path) ? 3_000 : 6_000);
  gateway.behave((path) => (isApi(path) ? { kind: 'slow', ms: msOf(path) } : none));
  await inTurns(screens, 4, (screen) =>
    onScreen(screen, async (page, complaints) => {
      await busy(page).first().waitFor({ timeout: 3_000 });
      await checkWords(page);
      await page
        .getByText(/^Still loading\. The server has not answered for 1\d s\.$/)
        .first()
        .waitFor();
      await screenshot(page, `slow-${screen.name}`);
      await page.getByRole('heading', { level: 1, name: screen.heading }).waitFor({ timeout: 60_000 });
      await untilIdle(page, 60_000);
      assert.equal(await page.getByText('Next:').count(), 0);
      await checkWords(page);
      assert.deepEqual(complaints, []);
    }),
  );
});

test('a request that hangs: Try again asks anew', async () => {
  gateway.behave((path) => (path.endsWith('/system') && isApi(path) ? { kind: 'slow', ms: 300_000 } : none));
  await onScreen({ name: 'hanging', path: '/system', heading: 'System' }, async (page) => {
    await page.getByText(/^Still loading/).waitFor();
    gateway.behave(() => none);
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByText('Database server', { exact: true }).waitFor();
    await untilIdle(page, 5_000);
  });
});

const kinds: readonly GatewayFault['kind'][] = [
  'internal error',
  'half an answer',
  'bad gateway',
  'foreign page',
];
for (const [turn, kind] of kinds.entries())
  test(`${kind}: each panel says what failed and what to do, and Try again brings it`, async () => {
    const broken = { kind } as GatewayFault;
    // All kinds go through the same few lines, so each screen meets one of them beside the first.
    const met = screens.filter((_, number) => turn === 0 || number % (kinds.length - 1) === turn - 1);
    await inTurns(met, 1, (screen) => {
      const hit = new Set<string>();
      gateway.behave((path) => {
        if (!isApi(path) || isOfFrame(path)) return none;
        if (isDemoQuestion(path) && !screen.path.startsWith('/system')) return none;
        hit.add(path);
        return broken;
      });
      return onScreen(screen, async (page) => {
        if (screen.path.startsWith('/errors')) await page.getByText('Next:').first().waitFor();
        else await page.getByRole('heading', { level: 1, name: screen.heading }).waitFor();
        await untilIdle(page, 20_000);
        await checkWords(page);
        if (hit.size > 0) await page.getByText('Next:').first().waitFor();
        if (kind === 'internal error') await screenshot(page, `broken-${screen.name}`);
        gateway.behave(() => none);
        await tryAgainEverywhere(page);
        await page.getByRole('heading', { level: 1, name: screen.heading }).waitFor();
        assert.equal(await page.getByText('Next:').count(), 0);
      });
    });
  });

test('nothing of the API answers: the page itself says so, and Try again brings it', async () => {
  // It is the frame that says so, around every screen alike; some of them ask for more besides.
  const some = new Set(['syncs', 'overview', 'connect', 'settings', 'system', 'errors']);
  const asked = screens.filter(({ name }) => some.has(name));
  assert.equal(asked.length, some.size);
  await inTurns(asked, 1, (screen) => {
    gateway.behave((path) => (isApi(path) ? { kind: 'bad gateway' } : none));
    return onScreen(screen, async (page) => {
      await page.getByText('Next:').first().waitFor();
      await untilIdle(page, 20_000);
      await checkWords(page);
      await screenshot(page, `dead-${screen.name}`);
      gateway.behave(() => none);
      await tryAgainEverywhere(page);
      await page.getByRole('heading', { level: 1, name: screen.heading }).waitFor();
    });
  });
});

test('a stream that a load balancer refuses, or cuts off each time: the figures stay current by polling', async () => {
  for (const kind of ['bad gateway', 'half an answer'] as const) {
    gateway.behave((path) => (isStream(path) ? { kind } : none));
    await onScreen({ name: 'no-stream', path: `/syncs/${sync}`, heading: /^Live/ }, async (page) => {
      await page.getByText(/^(Updating every 10 s|Reconnecting, figures from .*)$/).waitFor();
      await checkWords(page);
    });
  }
});

test('a server that restarts: activity, settings and system show what they had, and then what is new', async () => {
  gateway.behave(() => none);
  const { page: activity, context } = await signedIn();
  after(() => context.close());
  const [settings, system] = [await context.newPage(), await context.newPage()];
  await activity.goto(`${url}/syncs/${sync}/activity`);
  await settings.goto(`${url}/syncs/${sync}/settings`);
  await system.goto(`${url}/system`);
  await activity.locator('[data-entry]').first().waitFor();
  const every = settings.getByLabel('Seconds between two requests');
  await every.waitFor();
  await every.fill('7');
  await system.getByText('lease').first().waitFor();

  await stopServer();
  await activity.getByText(/^Reconnecting, figures from/).waitFor();
  await settings.getByRole('button', { name: 'Save', exact: true }).first().click();
  await settings.getByRole('alert').getByText('The server does not answer').first().waitFor();
  assert.equal(await every.inputValue(), '7', 'what was typed stays');
  await system
    .getByText(/^Figures from .* Reconnecting\.$/)
    .first()
    .waitFor();
  assert.ok((await activity.locator('[data-entry]').count()) > 0);
  await startServer();

  await activity.locator('[data-live="live"]').waitFor();
  const { status } = await api().ask('PATCH', `/api/v1/syncs/${sync}`, { paused: true });
  assert.equal(status, 200);
  await activity.getByRole('button', { name: /^\d+ new entr/ }).click();
  await activity
    .getByText(/^The sync is paused/)
    .first()
    .waitFor();
  await settings.locator('[data-live="live"]').waitFor();
  await settings
    .getByRole('switch', { name: 'Paused' })
    .and(settings.locator('[aria-checked="true"]'))
    .waitFor();
  await system
    .getByText(/^Figures from .* Reconnecting\.$/)
    .first()
    .waitFor({ state: 'detached' });
});
