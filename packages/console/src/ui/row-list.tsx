import { ChevronDown, ChevronRight } from 'lucide-react';
import { type ReactNode, useId } from 'react';
import { ui } from '../words/ui.ts';
import { useMediaQuery } from './use-media-query.ts';
import { useVirtualRows } from './use-virtual-rows.ts';

export interface RowListColumn<T> {
  id: string;
  label: string;
  cell: (row: T) => ReactNode;
  /** Without it the column takes what is left. */
  widthRem?: number;
  isNumber?: boolean;
  /** On narrower screens only the details have it. */
  from?: 'md' | 'lg';
}

interface RowListProps<T> {
  caption: string;
  rows: readonly T[];
  columns: readonly RowListColumn<T>[];
  keyOf: (row: T) => string;
  /** Below a row, when it is open. */
  details: (row: T) => ReactNode;
  /** The key of the row that is open; it belongs in the address. */
  open: string;
  onOpen: (key: string) => void;
}

/** A log: rows in the order in which they come, each of which opens. Of thousands only those in sight are in the page. */
export function RowList<T>(props: RowListProps<T>) {
  const isNarrow = useMediaQuery('(width < 37.5rem)');
  return isNarrow ? <ListOfRows {...props} /> : <TableOfRows {...props} />;
}

function OpenButton({ isOpen, controls, onOpen }: { isOpen: boolean; controls: string; onOpen: () => void }) {
  const Icon = isOpen ? ChevronDown : ChevronRight;
  return (
    <button
      type="button"
      aria-expanded={isOpen}
      aria-controls={isOpen ? controls : undefined}
      aria-label={ui.details}
      onClick={(event) => {
        event.stopPropagation();
        onOpen();
      }}
      className="inline-flex size-6 items-center justify-center rounded-control text-muted hover:bg-sunken"
    >
      <Icon aria-hidden size={16} />
    </button>
  );
}

/** For the pointer the whole row opens; for all others the button. What can be pressed itself does its own. */
const opensRow = (event: { target: EventTarget }) =>
  event.target instanceof Element &&
  event.target.closest('a, button, input') === null &&
  window.getSelection()?.isCollapsed !== false;

const usualRowPx = 44;

function TableOfRows<T>({ caption, rows, columns: all, keyOf, details, open, onOpen }: RowListProps<T>) {
  const isBelow = {
    md: useMediaQuery('(width < 56.25rem)'),
    lg: useMediaQuery('(width < 80rem)'),
  };
  // Not hidden by a style: what spans all columns would span those, and so make room for them.
  const columns = all.filter(({ from }) => from === undefined || !isBelow[from]);
  const { body, shown, before, after, measure } = useVirtualRows(rows.length, () => usualRowPx);
  return (
    <table
      ref={body}
      className="w-full table-fixed border-collapse text-left"
      aria-rowcount={rows.length + 1}
    >
      <caption className="sr-only">{caption}</caption>
      <thead>
        <tr>
          <th scope="col" style={{ width: '2rem' }}>
            <span className="sr-only">{ui.details}</span>
          </th>
          {columns.map(({ id, label, widthRem, ...column }) => (
            <th
              key={id}
              scope="col"
              style={widthRem === undefined ? {} : { width: `${widthRem}rem` }}
              className={`text-sm font-medium text-muted ${cellClass(column)}`}
            >
              {label}
            </th>
          ))}
        </tr>
      </thead>
      <Gap heightPx={before} columns={columns.length + 1} />
      {shown.map((index) => {
        const row = rows[index];
        if (!row) return null;
        const key = keyOf(row);
        return (
          <tbody key={key} ref={measure} data-index={index} data-entry={key}>
            <TableRow
              row={row}
              rowIndex={index + 2}
              columns={columns}
              details={details}
              isOpen={key === open}
              onToggle={() => onOpen(key === open ? '' : key)}
            />
          </tbody>
        );
      })}
      <Gap heightPx={after} columns={columns.length + 1} />
    </table>
  );
}

const cellClass = ({ isNumber = false }: Pick<RowListColumn<never>, 'isNumber'>) =>
  `px-2 py-1 ${isNumber ? 'text-right' : ''}`;

/** In place of the rows that are not in the page. */
const Gap = ({ heightPx, columns }: { heightPx: number; columns: number }) =>
  heightPx > 0 && (
    <tbody aria-hidden>
      <tr>
        <td colSpan={columns} style={{ height: heightPx, padding: 0 }} />
      </tr>
    </tbody>
  );

function TableRow<T>({
  row,
  rowIndex,
  columns,
  details,
  isOpen,
  onToggle,
}: Pick<RowListProps<T>, 'columns' | 'details'> & {
  row: T;
  rowIndex: number;
  isOpen: boolean;
  onToggle: () => void;
}) {
  const id = useId();
  return (
    <>
      <tr
        aria-rowindex={rowIndex}
        className={`h-row cursor-pointer border-t border-line ${isOpen ? 'bg-sunken' : 'hover:bg-sunken'}`}
        onClick={(event) => opensRow(event) && onToggle()}
      >
        <td className="px-1 text-center">
          <OpenButton isOpen={isOpen} controls={id} onOpen={onToggle} />
        </td>
        {columns.map(({ id: column, cell, ...look }) => (
          <td key={column} className={`break-words ${cellClass(look)}`}>
            {cell(row)}
          </td>
        ))}
      </tr>
      {isOpen && (
        <tr className="bg-sunken">
          <td />
          <td colSpan={columns.length} id={id} className="px-2 pt-1 pb-4">
            {details(row)}
          </td>
        </tr>
      )}
    </>
  );
}

const narrowRowPx = 112;

function ListOfRows<T>({ caption, rows, columns, keyOf, details, open, onOpen }: RowListProps<T>) {
  const id = useId();
  const { body, shown, before, after, measure } = useVirtualRows(rows.length, () => narrowRowPx);
  return (
    <ul ref={body} aria-label={caption} style={{ paddingTop: before, paddingBottom: after }}>
      {shown.map((index) => {
        const row = rows[index];
        if (!row) return null;
        const key = keyOf(row);
        const isOpen = key === open;
        const toggle = () => onOpen(isOpen ? '' : key);
        return (
          <li
            key={key}
            ref={measure}
            data-index={index}
            data-entry={key}
            className="flex gap-1 border-t border-line py-2"
          >
            <OpenButton isOpen={isOpen} controls={`${id}-${key}`} onOpen={toggle} />
            <div className="min-w-0 flex-1">
              <dl className="flex flex-wrap items-center gap-x-3 gap-y-1">
                {columns
                  .filter(({ from }) => from === undefined)
                  .map(({ id: column, label, cell, widthRem }) => (
                    <div key={column} className={widthRem === undefined ? 'w-full break-words' : ''}>
                      <dt className="sr-only">{label}</dt>
                      <dd>{cell(row)}</dd>
                    </div>
                  ))}
              </dl>
              {isOpen && (
                <div id={`${id}-${key}`} className="mt-3">
                  {details(row)}
                </div>
              )}
            </div>
          </li>
        );
      })}
    </ul>
  );
}
