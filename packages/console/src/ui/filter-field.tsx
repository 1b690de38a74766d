import { useEffect, useRef, useState } from 'react';
import { ui } from '../words/ui.ts';
import { controlClass } from './field.tsx';

const restMs = 150;

/**
 * What is typed is shown at once and filters when nothing more is typed for a moment. A filter that stands in the address
 * comes back later than the next key is pressed, and must not replace what was typed since.
 */
export function FilterField({
  filter,
  onFilter,
  shown,
  all,
}: {
  filter: string;
  onFilter: (filter: string) => void;
  shown: number;
  all: number;
}) {
  const [typed, setTyped] = useState(filter);
  const field = useRef<HTMLInputElement>(null);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => {
    if (document.activeElement !== field.current) setTyped(filter);
  }, [filter]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const type = (text: string) => {
    setTyped(text);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => onFilter(text), restMs);
  };
  return (
    <div className="mb-3 flex flex-wrap items-center gap-3">
      <input
        ref={field}
        type="search"
        aria-label={ui.filter}
        placeholder={ui.filter}
        data-shortcut="filter"
        value={typed}
        onChange={(event) => type(event.target.value)}
        className={`${controlClass} max-w-xs`}
      />
      <span role="status" className="text-muted tabular-nums">
        {filter !== '' && ui.filteredRows(shown, all)}
      </span>
    </div>
  );
}
