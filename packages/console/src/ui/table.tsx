import {
  type ColumnDef,
  columnFilteringFeature,
  createFilteredRowModel,
  createSortedRowModel,
  filterFn_includesString,
  globalFilteringFeature,
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
import { FilterField } from './filter-field.tsx';
import { TableAsLists } from './table-as-lists.tsx';
import type { TableColumn } from './table-column.ts';
import { TableRows } from './table-rows.tsx';
import { useHeldOrder } from './use-held-order.ts';
import { useMediaQuery } from './use-media-query.ts';

export type { TableColumn } from './table-column.ts';

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

interface DataTableProps<T> {
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
  /** Of the sorted rows only the first are shown; another page has all of them. */
  maxRows?: number;
}

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
  maxRows = Infinity,
}: DataTableProps<T>) {
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
  const order = useHeldOrder(found, JSON.stringify([sorting, filter]));
  const shown = order.rows.slice(0, maxRows);
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
        <TableAsLists
          caption={caption}
          rows={shown}
          columns={columns}
          narrow={narrow}
          holding={order.holding}
        />
      ) : (
        <TableRows
          caption={caption}
          rows={shown}
          columns={columns}
          sorting={sorting}
          onSort={(id) => setSorting(nextSorting(sorting, id))}
          holding={order.holding}
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
