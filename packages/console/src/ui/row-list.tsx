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

const hiddenBelow = { md: 'max-md:hidden', lg: 'max-lg:hidden' };

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

function TableOfRows<T>({ caption, rows, columns, keyOf, details, open, onOpen }: RowListProps<T>) {
  const id = useId();
  const { body, shown, before, after, measure } = useVirtualRows(rows.length);
  const gap = (height: number) =>
    height > 0 && (
      <tbody aria-hidden>
        <tr>
          <td colSpan={columns.length + 1} style={{ height, padding: 0 }} />
        </tr>
      </tbody>
    );
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
          {columns.map(({ id: column, label, widthRem, isNumber = false, from }) => (
            <th
              key={column}
              scope="col"
              style={widthRem === undefined ? {} : { width: `${widthRem}rem` }}
              className={`px-2 py-1 text-sm font-medium text-muted ${isNumber ? 'text-right' : ''} ${from ? hiddenBelow[from] : ''}`}
            >
              {label}
            </th>
          ))}
        </tr>
      </thead>
      {gap(before)}
      {shown.map((index) => {
        const row = rows[index];
        if (!row) return null;
        const key = keyOf(row);
        const isOpen = key === open;
        const toggle = () => onOpen(isOpen ? '' : key);
        return (
          <tbody key={key} ref={measure} data-index={index} data-entry={key}>
            <tr
              aria-rowindex={index + 2}
              className={`h-row cursor-pointer border-t border-line ${isOpen ? 'bg-sunken' : 'hover:bg-sunken'}`}
              onClick={(event) => opensRow(event) && toggle()}
            >
              <td className="px-1 text-center">
                <OpenButton isOpen={isOpen} controls={`${id}-${key}`} onOpen={toggle} />
              </td>
              {columns.map(({ id: column, cell, isNumber = false, from }) => (
                <td
                  key={column}
                  className={`px-2 py-1 break-words ${isNumber ? 'text-right' : ''} ${from ? hiddenBelow[from] : ''}`}
                >
                  {cell(row)}
                </td>
              ))}
            </tr>
            {isOpen && (
              <tr className="bg-sunken">
                <td />
                <td colSpan={columns.length} id={`${id}-${key}`} className="px-2 pt-1 pb-4">
                  {details(row)}
                </td>
              </tr>
            )}
          </tbody>
        );
      })}
      {gap(after)}
    </table>
  );
}

const narrowRowPx = 112;

function ListOfRows<T>({ caption, rows, columns, keyOf, details, open, onOpen }: RowListProps<T>) {
  const id = useId();
  const { body, shown, before, after, measure } = useVirtualRows(rows.length, narrowRowPx);
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
