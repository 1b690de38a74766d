import {
  type ColumnDef,
  columnFilteringFeature,
  createFilteredRowModel,
  createSortedRowModel,
  filterFn_includesString,
  globalFilteringFeature,
  type Row,
  type RowData,
  rowSortingFeature,
  type SortingState,
  sortFn_alphanumeric,
  sortFn_basic,
  tableFeatures,
  useTable,
} from '@tanstack/react-table';
import { type ReactNode, useMemo, useState } from 'react';
import { ui } from '../words/ui.ts';
import { Button } from './button.tsx';
import { controlClass } from './field.tsx';
import { TableAsLists } from './table-as-lists.tsx';
import { TableHead } from './table-head.tsx';
import { useMediaQuery } from './use-media-query.ts';
import { useVirtualRows } from './use-virtual-rows.ts';

export interface TableColumn<T> {
  id: string;
  label: string;
  /** What it is sorted and filtered by. */
  value: (row: T) => string | number | null;
  /** What it shows, if that is more than its value. */
  cell?: (row: T) => ReactNode;
  isNumber?: boolean;
  /** Sorting makes no sense for it: buttons, for example. */
  isUnsorted?: boolean;
  /** No wider than it must be: a box to tick, for example. */
  isNarrow?: boolean;
}

const features = tableFeatures({
  rowSortingFeature,
  columnFilteringFeature,
  globalFilteringFeature,
  sortedRowModel: createSortedRowModel(),
  filteredRowModel: createFilteredRowModel(),
  sortFns: { basic: sortFn_basic, alphanumeric: sortFn_alphanumeric },
  filterFns: { includesString: filterFn_includesString },
});
type TableFeaturesUsed = typeof features;

/**
 * Rows that can be sorted by each column and filtered; of thousands only those in sight are in the page. On narrow
 * screens each row is a list of names and values.
 */
export function DataTable<T extends RowData>({
  caption,
  rows,
  columns,
  keyOf,
  initialSort,
  narrow,
  hasFilter = false,
  filter: given,
  onFilter,
}: {
  caption: string;
  rows: readonly T[];
  columns: readonly TableColumn<T>[];
  keyOf: (row: T) => string;
  initialSort?: { id: string; desc: boolean };
  /** A row on a narrow screen, if names and values of all columns take too much room there. */
  narrow?: (row: T) => ReactNode;
  /** A text field above that filters by all columns. */
  hasFilter?: boolean;
  /** If the filter is kept elsewhere, such as in the address. */
  filter?: string;
  onFilter?: (filter: string) => void;
}) {
  const [ownFilter, setOwnFilter] = useState('');
  const [filter, setFilter] = [given ?? ownFilter, onFilter ?? setOwnFilter];
  const [sorting, setSorting] = useState<SortingState>(initialSort ? [initialSort] : []);
  const isNarrow = useMediaQuery('(width < 37.5rem)');
  const defs = useMemo(() => columns.map((column) => defOf(column)), [columns]);
  const data = useMemo(() => [...rows], [rows]);
  const table = useTable({
    features,
    columns: defs,
    data,
    getRowId: keyOf,
    state: { sorting, globalFilter: filter },
    onSortingChange: setSorting,
    globalFilterFn: 'includesString',
    sortDescFirst: false,
  });
  const found = table.getRowModel().rows;
  return (
    <div>
      {hasFilter && (
        <FilterField filter={filter} onFilter={setFilter} shown={found.length} all={rows.length} />
      )}
      {found.length === 0 && filter !== '' ? (
        <p className="flex flex-wrap items-center gap-3">
          {ui.nothingMatches(rows.length)}
          <Button onClick={() => setFilter('')}>{ui.clearFilter}</Button>
        </p>
      ) : isNarrow ? (
        <TableAsLists caption={caption} rows={found} columns={columns} narrow={narrow} />
      ) : (
        <TableOfRows
          caption={caption}
          rows={found}
          columns={columns}
          sorting={sorting}
          onSort={(id) => setSorting(nextSorting(sorting, id))}
        />
      )}
    </div>
  );
}

function defOf<T extends RowData>(column: TableColumn<T>): ColumnDef<TableFeaturesUsed, T> {
  return {
    id: column.id,
    accessorFn: (row: T) => column.value(row) ?? undefined,
    sortFn: column.isNumber ? 'basic' : 'alphanumeric',
    sortUndefined: 'last',
    enableSorting: !column.isUnsorted,
    enableGlobalFilter: true,
  };
}

const nextSorting = ([first]: SortingState, id: string): SortingState => [
  { id, desc: first?.id === id && !first.desc },
];

function FilterField({
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
  return (
    <div className="mb-3 flex flex-wrap items-center gap-3">
      <input
        type="search"
        aria-label={ui.filter}
        placeholder={ui.filter}
        data-shortcut="filter"
        value={filter}
        onChange={(event) => onFilter(event.target.value)}
        className={`${controlClass} max-w-xs`}
      />
      <span role="status" className="text-muted">
        {filter !== '' && ui.filteredRows(shown, all)}
      </span>
    </div>
  );
}

function TableOfRows<T extends RowData>({
  caption,
  rows,
  columns,
  sorting,
  onSort,
}: {
  caption: string;
  rows: readonly Row<TableFeaturesUsed, T>[];
  columns: readonly TableColumn<T>[];
  sorting: SortingState;
  onSort: (id: string) => void;
}) {
  const { body, shown, before, after } = useVirtualRows(rows.length);
  const gap = (height: number) =>
    height > 0 && (
      <tr aria-hidden>
        <td colSpan={columns.length} style={{ height, padding: 0 }} />
      </tr>
    );
  return (
    <table className="w-full border-collapse text-left" aria-rowcount={rows.length + 1}>
      <caption className="sr-only">{caption}</caption>
      <TableHead columns={columns} sorting={sorting} onSort={onSort} />
      <tbody ref={body}>
        {gap(before)}
        {shown.map((index) => {
          const row = rows[index];
          return (
            row && (
              <tr key={row.id} aria-rowindex={index + 2} className="h-row border-t border-line">
                {columns.map((column) => (
                  <td
                    key={column.id}
                    className={`px-2 py-1 ${column.isNumber ? 'text-right' : ''} ${column.isNarrow ? 'w-px' : ''}`}
                  >
                    {column.cell ? column.cell(row.original) : column.value(row.original)}
                  </td>
                ))}
              </tr>
            )
          );
        })}
        {gap(after)}
      </tbody>
    </table>
  );
}
