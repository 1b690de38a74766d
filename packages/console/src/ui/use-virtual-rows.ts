import { useWindowVirtualizer } from '@tanstack/react-virtual';
import { type RefCallback, useEffect, useState } from 'react';

/** Below so many rows all of them are in the page, where the browser's own search finds them. */
const virtualFrom = 100;
const overscan = 12;

export interface VirtualRows {
  /** For the element that holds the rows. */
  body: RefCallback<HTMLElement>;
  /** The places of the rows that are to be in the page. */
  shown: readonly number[];
  /** Heights of those that are not. */
  before: number;
  after: number;
  /** For the element of each row, with its place as `data-index`, if rows differ in height. */
  measure: (element: Element | null) => void;
}

/**
 * The page itself scrolls, not the table: so a phone has one direction to scroll in.
 *
 * @param rowPx  the height of a row, about
 * @param opened  which of them are higher than the others: when that changes, the heights are asked for anew
 */
export function useVirtualRows(
  count: number,
  rowPx: (index: number) => number,
  opened: ReadonlySet<string> | null = null,
): VirtualRows {
  const [top, setTop] = useState(0);
  const body: RefCallback<HTMLElement> = (element) => {
    if (element) setTop(element.getBoundingClientRect().top + window.scrollY);
  };
  const isVirtual = count >= virtualFrom;
  const virtualizer = useWindowVirtualizer({
    count,
    estimateSize: rowPx,
    overscan,
    scrollMargin: top,
    enabled: isVirtual,
  });
  useEffect(() => {
    if (opened) virtualizer.measure();
  }, [opened, virtualizer]);
  if (!isVirtual)
    return {
      body,
      shown: Array.from({ length: count }, (_, index) => index),
      before: 0,
      after: 0,
      measure: () => undefined,
    };
  const items = virtualizer.getVirtualItems();
  const [first, last] = [items[0], items.at(-1)];
  return {
    body,
    shown: items.map(({ index }) => index),
    before: first ? first.start - top : 0,
    after: last ? virtualizer.getTotalSize() - (last.end - top) : 0,
    measure: virtualizer.measureElement,
  };
}
