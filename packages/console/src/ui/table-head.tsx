import type { SortingState } from '@tanstack/react-table';
import { ArrowDown, ArrowUp, ArrowUpDown } from 'lucide-react';
import { ui } from '../words/ui.ts';

interface HeadColumn {
  id: string;
  label: string;
  isNumber?: boolean;
  isUnsorted?: boolean;
}

/**
 * The outer columns end where the lines between the rows do. A text after numbers keeps away from them: those stand at the
 * right end of their column.
 */
export const cellClass = (
  { isNumber = false }: { isNumber?: boolean },
  before: { isNumber?: boolean } | undefined,
): string =>
  `px-2 py-1 first:pl-0 last:pr-0 ${isNumber ? 'text-right wrap-normal' : before?.isNumber ? 'pl-6' : ''}`;

/** Headers are buttons that sort; `aria-sort` says by which one and how. */
export function TableHead({
  columns,
  sorting: [sorted],
  onSort,
  isFolding = false,
}: {
  columns: readonly HeadColumn[];
  sorting: SortingState;
  onSort: (id: string) => void;
  /** The rest of the columns is behind a button of each row. */
  isFolding?: boolean;
}) {
  return (
    <thead>
      <tr>
        {columns.map((column, place) => {
          const { id, label, isNumber = false, isUnsorted = false } = column;
          const order = sorted?.id === id ? (sorted.desc ? 'descending' : 'ascending') : 'none';
          const Icon = { none: ArrowUpDown, ascending: ArrowUp, descending: ArrowDown }[order];
          return (
            <th
              key={id}
              scope="col"
              aria-sort={isUnsorted ? undefined : order}
              className={`text-sm font-medium text-muted ${cellClass(column, columns[place - 1])}`}
            >
              {isUnsorted ? (
                label
              ) : (
                <button
                  type="button"
                  onClick={() => onSort(id)}
                  className={`inline-flex min-h-6 items-center gap-1 font-medium ${isNumber ? 'text-right' : 'text-left'}`}
                >
                  {label}
                  <Icon
                    aria-hidden
                    size={12}
                    className={`shrink-0 ${order === 'none' ? 'text-control' : ''}`}
                  />
                </button>
              )}
            </th>
          );
        })}
        {isFolding && (
          <th scope="col" className="w-8">
            <span className="sr-only">{ui.moreOfRow}</span>
          </th>
        )}
      </tr>
    </thead>
  );
}
