import type { SortingState } from '@tanstack/react-table';
import { ChevronDown, ChevronRight } from 'lucide-react';
import { type ComponentProps, Fragment, useState } from 'react';
import { ui } from '../words/ui.ts';
import type { TableColumn } from './table-column.ts';
import { cellClass, TableHead } from './table-head.tsx';
import { useMediaQuery } from './use-media-query.ts';
import { useVirtualRows } from './use-virtual-rows.ts';

/** On screens between a phone's and a desk's so many columns stay; a row opens to show the others. */
const mediumColumns = 3;
const usualRowPx = 44;
const foldedLinePx = 28;

/** The rows of a table that are in sight, under a head that sorts them. */
export function TableRows<T>({
  caption,
  rows,
  columns,
  sorting,
  onSort,
  holding,
}: {
  caption: string;
  rows: readonly { id: string; original: T }[];
  columns: readonly TableColumn<T>[];
  sorting: SortingState;
  onSort: (id: string) => void;
  holding: ComponentProps<'tbody'>;
}) {
  const isMedium = useMediaQuery('(width < 56.25rem)');
  const [opened, setOpened] = useState<ReadonlySet<string>>(new Set());
  const folds = isMedium && columns.length > mediumColumns + 1;
  const shownColumns = folds ? columns.slice(0, mediumColumns) : columns;
  const folded = folds ? columns.slice(mediumColumns) : [];
  const heightOf = (index: number) => {
    const isOpen = folds && opened.has(rows[index]?.id ?? '');
    return usualRowPx + (isOpen ? folded.length * foldedLinePx + 16 : 0);
  };
  const { body, shown, before, after } = useVirtualRows(rows.length, heightOf, opened);
  const toggle = (id: string) =>
    setOpened((known) =>
      known.has(id) ? new Set([...known].filter((one) => one !== id)) : new Set([...known, id]),
    );
  const cells = shownColumns.length + (folds ? 1 : 0);
  const gap = (height: number) =>
    height > 0 && (
      <tr aria-hidden>
        <td colSpan={cells} style={{ height, padding: 0 }} />
      </tr>
    );
  const isFixed = !folds && columns.some(({ width }) => width !== undefined);
  return (
    <table
      className={`w-full border-collapse text-left ${isFixed ? 'table-fixed' : ''}`}
      aria-rowcount={rows.length + 1}
    >
      <caption className="sr-only">{caption}</caption>
      {isFixed && <Widths columns={columns} />}
      <TableHead columns={shownColumns} sorting={sorting} onSort={onSort} isFolding={folds} />
      <tbody ref={body} {...holding}>
        {gap(before)}
        {shown.map((index) => {
          const row = rows[index];
          if (!row) return null;
          const isOpen = folds && opened.has(row.id);
          return (
            <Fragment key={row.id}>
              <tr aria-rowindex={index + 2} className="h-row border-t border-line">
                <Cells columns={shownColumns} row={row.original} />
                {folds && <FoldCell isOpen={isOpen} onToggle={() => toggle(row.id)} />}
              </tr>
              {isOpen && <FoldedCells columns={folded} row={row.original} cells={cells} />}
            </Fragment>
          );
        })}
        {gap(after)}
      </tbody>
    </table>
  );
}

const Widths = ({ columns }: { columns: readonly { id: string; width?: string }[] }) => (
  <colgroup>
    {columns.map(({ id, width }) => (
      <col key={id} style={width === undefined ? undefined : { width }} />
    ))}
  </colgroup>
);

const Cells = <T,>({ columns, row }: { columns: readonly TableColumn<T>[]; row: T }) =>
  columns.map((column, place) => (
    <td
      key={column.id}
      className={`${cellClass(column, columns[place - 1])} ${column.isNarrow ? 'w-px' : ''}`}
    >
      {shownIn(column, row)}
    </td>
  ));

const shownIn = <T,>(column: TableColumn<T>, row: T) => (column.cell ? column.cell(row) : column.value(row));

function FoldCell({ isOpen, onToggle }: { isOpen: boolean; onToggle: () => void }) {
  const Icon = isOpen ? ChevronDown : ChevronRight;
  return (
    <td className="text-right">
      <button
        type="button"
        aria-expanded={isOpen}
        aria-label={ui.moreOfRow}
        onClick={onToggle}
        className="inline-flex size-8 items-center justify-center rounded-control hover:bg-sunken"
      >
        <Icon aria-hidden size={16} />
      </button>
    </td>
  );
}

function FoldedCells<T>({
  columns,
  row,
  cells,
}: {
  columns: readonly TableColumn<T>[];
  row: T;
  cells: number;
}) {
  return (
    <tr>
      <td colSpan={cells} className="pb-3">
        <dl className="grid grid-cols-[fit-content(50%)_minmax(0,1fr)] gap-x-6 gap-y-1">
          {columns.map((column) => (
            <div key={column.id} className="contents">
              <dt className="text-sm text-muted">{column.label}</dt>
              <dd>{shownIn(column, row)}</dd>
            </div>
          ))}
        </dl>
      </td>
    </tr>
  );
}
