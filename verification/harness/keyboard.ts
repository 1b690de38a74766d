/** A page as somebody uses it who has no mouse. */
import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';

const tabsMax = 150;

interface Focused {
  name: string;
  /** Nothing covers it, and it is in the window. */
  isInSight: boolean;
}

/** Presses Tab until the control with this name has the focus; wherever that is on the way, it must be in sight. */
export async function tabTo(page: Page, name: string | RegExp): Promise<void> {
  const passed: string[] = [];
  for (let tabs = 0; tabs < tabsMax; tabs++) {
    await page.keyboard.press('Tab');
    const focused = await page.evaluate(readFocused);
    if (focused === null) continue;
    passed.push(focused.name);
    assert.ok(focused.isInSight, `${focused.name} has the focus, but is covered or outside the window`);
    if (typeof name === 'string' ? focused.name === name : name.test(focused.name)) return;
  }
  assert.fail(`Tab does not reach ${String(name)}, only: ${passed.join(' | ')}`);
}

/** In the page. */
function readFocused(): Focused | null {
  interface Element {
    tagName: string;
    labels?: Iterable<{ innerText: string }> | null;
    innerText: string;
    getAttribute(name: string): string | null;
    contains(other: unknown): boolean;
    getBoundingClientRect(): { left: number; top: number; width: number; height: number };
  }
  const { document } = globalThis as unknown as {
    document: {
      activeElement: Element | null;
      body: Element;
      elementFromPoint(x: number, y: number): Element | null;
    };
  };
  const element = document.activeElement;
  if (element === null || element === document.body) return null;
  const own = element.getAttribute('aria-label') ?? [...(element.labels ?? [])][0]?.innerText;
  const name = (own ?? element.innerText)
    .replaceAll(/\s+/g, ' ')
    .replace(/ \(required\)$/, '')
    .trim();
  const { left, top, width, height } = element.getBoundingClientRect();
  const at = document.elementFromPoint(left + width / 2, top + Math.min(height / 2, 20));
  return { name, isInSight: at !== null && (element.contains(at) || at.contains(element)) };
}
