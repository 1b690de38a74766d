/**
 * Puts a text on the clipboard. Outside a secure context browsers have no clipboard for pages; then a selected text
 * field and the old command do it.
 *
 * @returns false: neither worked
 */
export async function copyText(text: string): Promise<boolean> {
  if (window.isSecureContext) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      // Refused by the person or a policy: the old way may still work.
    }
  }
  const area = document.createElement('textarea');
  area.value = text;
  area.setAttribute('readonly', '');
  area.className = 'fixed top-0 left-0 opacity-0';
  const before = document.activeElement;
  // Inside an open dialog: what is outside takes no focus.
  (document.querySelector('[role="dialog"][data-state="open"]') ?? document.body).append(area);
  area.select();
  try {
    return document.execCommand('copy');
  } catch {
    return false;
  } finally {
    area.remove();
    if (before instanceof HTMLElement) before.focus();
  }
}
