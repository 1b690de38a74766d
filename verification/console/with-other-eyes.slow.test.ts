/** The console for who has a screen reader, magnifies, spaces text out, forces colours, or tells none apart. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { systemClock } from '@lockstep/foundation/clock';
import { checkAxe, isTooWide, type Page, screenshot } from '@lockstep/harness/browser';
import { openConsoleOfSync } from '@lockstep/harness/console';
import { screensOf } from '@lockstep/harness/console-screens';
import { dataPath } from '@lockstep/harness/end-to-end-harness';

const { api, signedIn, url, harness } = await openConsoleOfSync();
const { id } = harness.sync;

async function addAccount(name: string): Promise<number> {
  const rows = await harness.countInOrg('Account');
  assert.equal((await harness.call('POST', `${dataPath}/sobjects/Account`, { Name: name })).status, 201);
  return rows + 1;
}
await addAccount('Written through');

/** What is used is counted in memory first. */
async function untilCounted(): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    const { body } = await api().ask('GET', `/api/v1/syncs/${id}/usage/hours`);
    const counted = new Set((body.items as { object: string | null }[]).map(({ object }) => object));
    if (counted.has('Account') && counted.has('Contact')) return;
    await systemClock.sleep(100);
  }
  assert.fail('requests are counted by object');
}
await untilCounted();

async function openAt(path: string, options: Parameters<typeof signedIn>[0] = {}) {
  const opened = await signedIn(options);
  after(() => opened.context.close());
  await opened.page.goto(`${url}${path}`);
  return opened;
}

/** Each screen in turn, once it stands. */
async function onScreens(page: Page, look: (name: string) => Promise<void>): Promise<void> {
  for (const { name, path, heading } of screensOf(id)) {
    await page.goto(`${url}${path}`);
    await page.getByRole('heading', { level: 1, name: heading }).waitFor();
    await page.locator('[aria-busy="true"]').first().waitFor({ state: 'hidden' });
    await look(name);
  }
}

test('which object uses the quota is told in a sentence, in a table, and without colours', async () => {
  const { page, context, complaints } = await openAt(`/syncs/${id}`, { width: 1_440 });
  const usage = page.getByRole('region', { name: 'API use' });
  const sentence = await usage.getByText(/ takes \d+ % of that\.$/).innerText();
  const [, busiest = '', percent = ''] = /(\w+) takes (\d+) % of that\.$/.exec(sentence) ?? [];
  const row = page.getByRole('table', { name: 'Objects' }).getByRole('row').filter({ hasText: busiest });
  await row.getByText(new RegExp(`^\\d+ · ${percent} %$`)).waitFor();

  await usage.locator('canvas').waitFor();
  const eyes = await context.newCDPSession(page);
  await eyes.send('Emulation.setEmulatedVisionDeficiency', { type: 'achromatopsia' });
  await screenshot(page, 'overview-without-colours');
  const patterns = await usage
    .locator('pattern path')
    .evaluateAll((paths) =>
      paths.map((path) => (path as unknown as { getAttribute(name: string): string }).getAttribute('d')),
    );
  assert.ok(patterns.length >= 4, 'two objects, applications, and all else');
  assert.equal(new Set(patterns).size, patterns.length, 'each series has a pattern of its own');

  await usage.getByRole('button', { name: 'Show as table' }).click();
  const table = usage.getByRole('table');
  for (const name of ['Account', 'Contact', 'Your apps, through the proxy'])
    await table.getByRole('columnheader', { name }).waitFor();
  assert.match(await table.getByRole('row').last().innerText(), /UTC(\s+[1-9]\d*){3}/);
  await checkAxe(page);
  assert.deepEqual(complaints, []);
});

/** In the page: twice the usual space between lines, words, letters and paragraphs, and more (WCAG 1.4.12). */
const spaceOut = `{
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(\`* { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important }
    p { margin-bottom: 2em !important }\`);
  document.adoptedStyleSheets.push(sheet);
}`;

/** In the page: what has no room for its text. A line that is cut has all of it in its title. */
const clipped = `[...document.querySelectorAll('main *, header *, nav *')]
  .filter((one) => one.checkVisibility() && one.clientWidth > 1 && !one.matches('.sr-only, .truncate, .overflow-x-auto, select, input'))
  .filter((one) => {
    const { overflowX, overflowY } = getComputedStyle(one);
    return (overflowX !== 'visible' && one.scrollWidth > one.clientWidth + 1)
      || (overflowY === 'hidden' && one.scrollHeight > one.clientHeight + 2)
      || (one.matches('button, [data-family]') && one.scrollWidth > one.clientWidth + 1);
  })
  .map((one) => one.outerHTML.slice(0, 200))`;

/** In the page: pills and buttons without a border or a sign, and lists of tabs of which not just one is marked. */
const alike = `[
  ...[...document.querySelectorAll('[data-family], button:not([role=tab])')]
    .filter((one) => one.checkVisibility() && !one.querySelector('svg'))
    .filter((one) => {
      const { borderTopStyle, borderTopWidth, borderTopColor, backgroundColor } = getComputedStyle(one);
      return borderTopStyle === 'none' || borderTopWidth === '0px' || borderTopColor === backgroundColor;
    }),
  ...[...document.querySelectorAll('[role=tablist]')].filter((one) => one.checkVisibility()).filter((list) => {
    const marked = [...list.children].filter((tab) => getComputedStyle(tab).borderBottomColor !== getComputedStyle(document.body).backgroundColor);
    return marked.length !== 1 || marked[0].getAttribute('aria-selected') !== 'true';
  }),
  ...[...document.querySelectorAll('[role=switch]')].filter((one) =>
    getComputedStyle(one).backgroundColor === getComputedStyle(one.firstElementChild).backgroundColor),
].map((one) => one.outerHTML.slice(0, 200))`;

test('each screen fits at 400 % with its text spaced out, and in forced colours its pills and controls stand out', async () => {
  const { page } = await openAt('/syncs');
  await onScreens(page, async (name) => {
    await page.setViewportSize({ width: 320, height: 256 });
    await page.evaluate(spaceOut);
    await screenshot(page, `${name}-spaced-out`);
    assert.equal(await isTooWide(page), false, `${name} scrolls sideways`);
    assert.deepEqual(await page.evaluate<string[]>(clipped), [], name);

    await page.setViewportSize({ width: 1_280, height: 900 });
    await page.emulateMedia({ forcedColors: 'active' });
    assert.deepEqual(await page.evaluate<string[]>(alike), [], name);
    if (name === 'overview') await page.locator('canvas').waitFor();
    await screenshot(page, `${name}-forced-colours`);
    await page.emulateMedia({ forcedColors: 'none' });
  });
});

/** In the page: notes what a screen reader would be told without being asked. */
const listen = `{
  globalThis.heard = [];
  new MutationObserver((changes) => {
    for (const { target } of changes) {
      const region = (target.closest ? target : target.parentElement)?.closest('[aria-live], [role=status], [role=alert]');
      const text = region?.textContent ?? '';
      if (text !== '' && text !== heard.at(-1)) heard.push(text);
    }
  }).observe(document.body, { subtree: true, childList: true, characterData: true });
}`;

test('a screen reader is told a change of the state once and no counter, and each pill has its word', async () => {
  const { page, context } = await openAt(`/syncs/${id}`, { width: 1_280 });
  await page.locator('[data-live="live"]').waitFor();
  await page.evaluate(listen);
  const account = page
    .getByRole('table', { name: 'Objects' })
    .getByRole('row')
    .filter({ hasText: 'Account' });
  for (const name of ['First', 'Second', 'Third']) {
    const rows = await addAccount(name);
    await account.getByText(String(rows), { exact: true }).waitFor();
  }
  assert.equal((await api().ask('PATCH', `/api/v1/syncs/${id}`, { paused: true })).status, 200);
  await page.getByText('harness: Paused', { exact: true }).waitFor({ state: 'attached' });
  await account.getByText('Paused').waitFor();
  assert.deepEqual(await page.evaluate('heard'), ['harness: Paused']);

  const reader = await context.newCDPSession(page);
  const { nodes } = await reader.send('Accessibility.getFullAXTree');
  const told = nodes.filter(({ ignored }) => !ignored);
  const textsOf = (role: string) =>
    told.filter((node) => node.role?.value === role).map((node) => String(node.name?.value ?? ''));
  const words = await page.locator('[data-family]').allInnerTexts();
  assert.deepEqual(words, ['Paused', 'Paused', 'Paused'], 'the sync and its two objects');
  assert.ok(textsOf('StaticText').filter((text) => text === 'Paused').length >= words.length);
  const pictures = [...textsOf('image'), ...textsOf('img')];
  assert.ok(pictures.length >= 2, 'the charts');
  assert.ok(
    pictures.every((name) => /\d/.test(name)),
    `each says what it shows: ${pictures.join()}`,
  );
  assert.equal((await api().ask('PATCH', `/api/v1/syncs/${id}`, { paused: false })).status, 200);
});
