/** What a screen reader is told besides the page itself: changes of state and finished work, never counters. */
let listener: ((text: string) => void) | null = null;

export function announce(text: string): void {
  listener?.(text);
}

/** The one live region of the page. Returns what ends it. */
export function onAnnouncement(next: (text: string) => void): () => void {
  listener = next;
  return () => {
    listener = null;
  };
}
