import { useState } from 'react';

interface Held {
  /** By what the rows were sorted and filtered. */
  key: string;
  ids: readonly string[];
}

/**
 * Rows that keep their order while the pointer or the focus is on one of them, though what they are sorted by changes.
 *
 * @param key  by what they are sorted and filtered: another choice takes effect at once
 */
export function useHeldOrder<Row extends { id: string }>(rows: readonly Row[], key: string) {
  const [isOver, setOver] = useState(false);
  const [isFocused, setFocused] = useState(false);
  const [held, setHeld] = useState<Held | null>(null);
  const isHeld = isOver || isFocused;
  if (isHeld && held?.key !== key) setHeld({ key, ids: rows.map(({ id }) => id) });
  if (!isHeld && held) setHeld(null);
  return {
    rows: isHeld && held ? inOrder(rows, held.ids) : rows,
    /** For the element that holds the rows. */
    holding: {
      onPointerEnter: () => setOver(true),
      onPointerLeave: () => setOver(false),
      onFocus: () => setFocused(true),
      onBlur: () => setFocused(false),
    },
  };
}

/** Those that have come since are at the end. */
function inOrder<Row extends { id: string }>(rows: readonly Row[], ids: readonly string[]): Row[] {
  const byId = new Map(rows.map((row) => [row.id, row]));
  const known = ids.flatMap((id) => byId.get(id) ?? []);
  const before = new Set(ids);
  return [...known, ...rows.filter(({ id }) => !before.has(id))];
}
