/** A server at its first start with an org beside it, and a person with a browser who sets it up. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after } from 'node:test';
import type { BrowserContext } from 'playwright-core';
import { openBrowser, type Page } from './browser.ts';
import type { WindowOptions } from './console.ts';
import { openServerWithOrg, type ServerWithOrg } from './server-with-org.ts';

export const heading = (page: Page, name: string | RegExp) =>
  page.getByRole('heading', { level: 1, name }).waitFor();
export const next = (page: Page) => page.getByRole('button', { name: 'Continue' }).click();
export const fill = (page: Page, name: string, value: string) =>
  page.getByRole('textbox', { name }).fill(value);

export async function untilRows(page: Page, object: string): Promise<void> {
  const row = page.getByRole('row').filter({ hasText: object });
  await row
    .getByText(/^[1-9][\d,]*$/)
    .first()
    .waitFor();
}

export interface FirstStart extends Pick<ServerWithOrg, 'org' | 'server' | 'accepted'> {
  url: string;
  password: string;
  /** Of the first start: nobody sees what a process without a terminal prints. */
  setupLink: () => Promise<string>;
  openWindow: (options?: WindowOptions) => Promise<{ context: BrowserContext; page: Page }>;
  /** The wizard's first step, with the org's client credentials. */
  untilConnected: (page: Page) => Promise<void>;
}

/** Closed at the file's end. */
export async function openFirstStart(): Promise<FirstStart> {
  const started = await openServerWithOrg({ org: { records: 1_000 } });
  after(() => started[Symbol.asyncDispose]());
  const { org, server, accepted } = started;
  const browser = await openBrowser();
  const { clientId, clientSecret } = org.credentials.integration;
  return {
    org,
    server,
    accepted,
    url: (server.apiUrl ?? '').replace('127.0.0.1', 'localhost'),
    password: 'a long phrase is fine',

    async setupLink(): Promise<string> {
      const text = await readFile(join(server.cli.dataDir, 'setup-token'), 'utf8');
      const link = /http:\S+\/setup#token=\S+/.exec(text)?.[0];
      assert.ok(link, text);
      return link;
    },

    // A failure should not take the half minute that Playwright gives everything.
    async openWindow(options) {
      const context = await browser.newContext(options);
      context.setDefaultTimeout(10_000);
      return { context, page: await context.newPage() };
    },

    async untilConnected(page: Page): Promise<void> {
      await heading(page, 'Connect an org');
      await page.getByRole('radio', { name: 'Client credentials' }).check();
      await fill(page, 'Address of the org', org.url);
      await fill(page, 'Consumer key', clientId);
      await fill(page, 'Consumer secret', clientSecret);
      await page.keyboard.press('Enter');
      await heading(page, 'What this user may do');
    },
  };
}
