/** The built console on a real API server, in a real browser. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after } from 'node:test';
import { builtConsole } from '@lockstep/console/build';
import { systemClock } from '@lockstep/foundation/clock';
import { createAdministrator } from 'lockstep/control';
import { makeSignInLink } from 'lockstep/operations/sign-in-link';
import type { BrowserContext, Page } from 'playwright-core';
import { type ApiHarness, openApiOn } from './api-harness.ts';
import { openBrowser } from './browser.ts';
import { type EndToEndHarness, openEndToEndHarness } from './end-to-end-harness.ts';

export const adminPassword = 'a long phrase is fine';

export interface OpenedConsole {
  /** As it runs now. */
  api: () => ApiHarness;
  /** The server is away until {@link OpenedConsole.startServer}, which starts it at the same address. */
  stopServer: () => Promise<void>;
  startServer: () => Promise<void>;
  /** Of the console, without a slash at its end. */
  url: string;
  /** In a window of its own, where nobody is signed in. */
  newPage: (options?: WindowOptions) => Promise<ConsolePage>;
  /** The same, with the administrator signed in. */
  signedIn: (options?: WindowOptions) => Promise<ConsolePage>;
}

export interface WindowOptions {
  colorScheme?: 'light' | 'dark';
  width?: number;
  height?: number;
}

export interface ConsolePage {
  page: Page;
  context: BrowserContext;
  /** What the browser has complained about since it opened: exceptions, errors, and what its policies refuse. */
  complaints: readonly string[];
}

/** The console of a harness, with an administrator whose password is {@link adminPassword}. Closed at the file's end. */
export async function openConsole(
  harness: Pick<EndToEndHarness, 'control' | 'org' | 'base'>,
  { isDemo = false }: { isDemo?: boolean } = {},
): Promise<OpenedConsole> {
  assert.ok(existsSync(join(builtConsole, 'index.html')), 'the console is not built: npm run console:build');
  const browser = await openBrowser();
  const proxyUrl = new URL(harness.base).origin;
  const open = (port = 0) =>
    openApiOn(harness.control, [new URL(harness.org.url).host], {
      port,
      proxyUrl,
      consoleFolder: builtConsole,
      signInLink: isDemo ? makeSignInLink(systemClock) : null,
    });
  let api = await open();
  let isAway = false;
  const { url } = api;
  const stopServer = async () => {
    isAway = true;
    await api[Symbol.asyncDispose]();
  };
  const startServer = async () => {
    api = await open(api.port);
    isAway = false;
    assert.equal(api.url, url, 'it starts where it was');
  };
  after(() => (isAway ? undefined : api[Symbol.asyncDispose]()));
  await createAdministrator(harness.control.control, adminPassword);

  const newPage = async (options: WindowOptions = {}): Promise<ConsolePage> => {
    const context = await browser.newContext(options);
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type()))
        complaints.push(`${message.text()} ${message.location().url}`);
    });
    return { page, context, complaints };
  };
  const signedIn = async (options?: WindowOptions): Promise<ConsolePage> => {
    const opened = await newPage(options);
    const answer = await opened.context.request.post(`${url}/api/v1/session`, {
      data: { password: adminPassword },
    });
    assert.equal(answer.status(), 201, await answer.text());
    return opened;
  };
  return { api: () => api, url, stopServer, startServer, newPage, signedIn };
}

/** A console of a running sync with all of Account and Contact copied. Closed at the file's end. */
export async function openConsoleOfSync(
  options: Partial<Parameters<typeof openEndToEndHarness>[0]> = {},
): Promise<OpenedConsole & { harness: EndToEndHarness }> {
  const harness = await openEndToEndHarness({
    org: { records: 300 },
    sobjects: ['Account', 'Contact'],
    intervalMs: 250,
    ...options,
  });
  after(() => harness[Symbol.asyncDispose]());
  const opened = await openConsole(harness);
  harness.startWorker();
  await harness.untilComplete();
  return { ...opened, harness };
}
